"""The API over real parts: a database, a store on disk, an account with a key; in process or on a socket."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ffmill.accounts import api_keys
from ffmill.accounts.model import Account
from ffmill.api.app import create_app
from ffmill.api.parts import Parts, open_parts
from ffmill.api.server import Server
from ffmill.config import Settings
from ffmill.listener import listen
from tests.accounts import ensure

PICTURE: dict[str, Any] = {
    "output_files": ["card.png"],
    "ffmpeg_commands": ["-f lavfi -i testsrc2=size=64x36 -frames:v 1 {{card.png}}"],
}


@dataclass(frozen=True, kw_only=True)
class Service:
    """The API, and one account's way to it."""

    app: FastAPI
    parts: Parts
    account: Account
    key: str

    def client(self, url: str = "http://api.test", *, key: str | None = None) -> httpx.AsyncClient:
        """A client with our key, in process unless `url` is that of a socket."""
        transport = httpx.ASGITransport(app=self.app) if url == "http://api.test" else None
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.AsyncClient(transport=transport, base_url=url, headers=headers, timeout=30, trust_env=False)

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[tuple[str, int, Server]]:
        """The API on a socket of loopback: its host, its port, and the server, stopped at the end."""
        server = Server(self.app, self.parts.stopping)
        with listen("127.0.0.1", 0) as listener:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as uvloop does by itself
            host, port = listener.getsockname()
            async with asyncio.TaskGroup() as group:
                group.create_task(server.serve([listener]))
                try:
                    yield host, port, server
                finally:
                    server.stop()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an API of its own."""
    return Settings(data_dir=tmp_path, database_url=database_url, max_body_bytes=4096, rate_limit=0)  # pyright: ignore[reportArgumentType]  # pydantic makes it secret


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncGenerator[Service]:
    """The API, its parts open."""
    async with open_parts(settings) as parts:
        async with parts.pool.connection() as connection:
            account = await ensure(connection, "ours")
            key, _ = await api_keys.create(connection, account.id, "test")
        yield Service(app=create_app(parts, blank_seconds=0.02), parts=parts, account=account, key=key)


@pytest.fixture
async def service(settings: Settings) -> AsyncGenerator[Service]:
    """The API of these settings."""
    async with open_service(settings) as opened:
        yield opened


@pytest.fixture
async def client(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the API in process, with our key."""
    async with service.client() as opened:
        yield opened


@pytest.fixture
async def stranger(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with the key of another account."""
    async with service.parts.pool.connection() as connection:
        other = await ensure(connection, "theirs")
        key, _ = await api_keys.create(connection, other.id, "test")
    async with service.client(key=key) as opened:
        yield opened
