"""Bare connections to the API, for what no client would send."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the API listens, and a key for it."""

    host: str
    port: int
    key: str

    @property
    def url(self) -> str:
        """The same for clients."""
        return f"http://{self.host}:{self.port}"

    def head(self, *lines: str, method: str = "POST", path: str = "/api/ffmpeg") -> bytes:
        """The head of a request with the key."""
        named = (f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.key}", *lines)
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
