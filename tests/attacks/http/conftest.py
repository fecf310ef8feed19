"""What the attacks over HTTP share: the API over real parts, on a socket, and bare connections to it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from ffmill.config import Settings
from tests.bare import Address
from tests.integration.api.conftest import Service, client, service, stranger

__all__ = ["client", "service", "stranger"]  # fixtures, of the settings below


@dataclass(frozen=True, kw_only=True)
class Target(Address):
    """The API on a socket, and its inside."""

    service: Service

    @classmethod
    def of(cls, service: Service, host: str, port: int) -> Self:
        """Where the service listens, with our key."""
        return cls(host=host, port=port, key=service.key, service=service)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an API of its own."""
    return Settings(data_dir=tmp_path, database_url=database_url, max_body_bytes=1 << 20, rate_limit=0)  # pyright: ignore[reportArgumentType]  # pydantic makes it secret


@pytest.fixture
async def target(service: Service) -> AsyncGenerator[Target]:
    """The same on a socket; nothing in a test may take longer than a minute."""
    async with asyncio.timeout(60), service.served() as (host, port, _):
        yield Target.of(service, host, port)
