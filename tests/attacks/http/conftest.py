"""What the attacks over HTTP share: the API over real parts, on a socket, and bare connections to it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ffmill.accounts.repository import create_account, create_key
from ffmill.config import Settings
from tests.integration.api.conftest import Service, open_service


@dataclass(frozen=True, kw_only=True)
class Target:
    """The API on a socket."""

    service: Service
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    def head(self, *lines: str, method: str = "POST", path: str = "/api/ffmpeg") -> bytes:
        """The head of a request with our key."""
        named = (f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.service.key}", *lines)
        return ("\r\n".join(named) + "\r\n\r\n").encode()

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def exchange(self, *sent: bytes) -> bytes:
        """What comes back to these bytes until the server closes the connection; they must make it do so."""
        async with self.connect() as (reader, writer):
            for piece in sent:
                writer.write(piece)
                await writer.drain()
            return await reader.read()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an API of its own."""
    return Settings(data_dir=tmp_path, database_url=database_url, max_body_bytes=1 << 20)  # pyright: ignore[reportArgumentType]  # pydantic makes it secret


@pytest.fixture
async def service(settings: Settings) -> AsyncGenerator[Service]:
    """The API of these settings."""
    async with open_service(settings) as opened:
        yield opened


@pytest.fixture
async def target(service: Service) -> AsyncGenerator[Target]:
    """The same on a socket; nothing in a test may take longer than a minute."""
    async with asyncio.timeout(60), service.served() as (host, port, _):
        yield Target(service=service, host=host, port=port)


@pytest.fixture
async def client(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the API in process, with our key."""
    async with service.client() as opened:
        yield opened


@pytest.fixture
async def stranger(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with the key of another account."""
    async with service.parts.pool.connection() as connection:
        other = await create_account(connection, "theirs")
        key, _ = await create_key(connection, other.id, "test")
    async with service.client(key=key) as opened:
        yield opened
