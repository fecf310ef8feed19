"""How requests travel: by httpx, in an event loop or without one.

All else in this package is written once, as coroutines over a `Wire`. Those of `SyncWire` never really wait for
anything: it blocks instead, so that a coroutine over it runs to its end in one step (see `running`).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from ffmill.client.errors import ClientError, ConnectionFailed, InvalidRequest, InvalidUrl, TimedOut, UnexpectedAnswer

MOST_BYTES = 64 << 20  # of an answer that is read whole: a page of jobs is 16 MiB long at most, a log four
Content = bytes | Iterable[bytes] | AsyncIterable[bytes] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request to be sent; whoever has it sent bounds how long each read may take."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: Content = None
    read_seconds: float | None = None  # None: as the client was told
    follow: bool = False  # redirects; of a call they would make another one


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer that has begun."""

    status: int
    headers: httpx.Headers
    chunks: AsyncIterator[bytes]

    async def body(self) -> bytes:
        """All of it; raises UnexpectedAnswer for more than any answer of the API has."""
        body = bytearray()
        async for chunk in self.chunks:
            body += chunk
            if len(body) > MOST_BYTES:
                raise UnexpectedAnswer(f"the answer is longer than {MOST_BYTES} bytes", self.status)
        return bytes(body)


class Wire(Protocol):
    """Sends requests. Everything raises ConnectionFailed, TimedOut and InvalidUrl."""

    def send(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """The answer to a request, open until left."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Lets so much time pass."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class AsyncWire:
    """In an event loop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncGenerator[Answer]:
        """The answer to a request, open until left."""
        content = request.content
        if not isinstance(content, bytes | AsyncIterable | None):
            content = _each(content)
        with translated(request.url):
            built = _built(self._client, request, content)
            answer = await self._client.send(built, stream=True, follow_redirects=request.follow)
            try:
                yield Answer(status=answer.status_code, headers=answer.headers, chunks=answer.aiter_bytes())
            finally:
                await answer.aclose()

    async def sleep(self, seconds: float) -> None:
        """Lets so much time pass."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()


class SyncWire:
    """Without an event loop: its coroutines block and never wait."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncGenerator[Answer]:
        """The answer to a request, open until left."""
        with translated(request.url):
            built = _built(self._client, request, request.content)
            answer = self._client.send(built, stream=True, follow_redirects=request.follow)
            try:
                yield Answer(status=answer.status_code, headers=answer.headers, chunks=_each(answer.iter_bytes()))
            finally:
                answer.close()

    async def sleep(self, seconds: float) -> None:
        """Lets so much time pass."""
        time.sleep(seconds)  # noqa: ASYNC251  # there is no event loop

    async def close(self) -> None:
        """Closes all connections."""
        self._client.close()


@contextmanager
def translated(url: str) -> Generator[None]:
    """Raises ours for what httpx raises; the URL is named without its query, which may be a signature."""
    where = url.partition("?")[0]
    try:
        yield
    except httpx.TimeoutException as error:
        raise TimedOut(f"{where} did not answer in time ({type(error).__name__})") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise InvalidUrl(f"{where} is no http or https URL: {error}") from error
    except (httpx.LocalProtocolError, httpx.StreamError) as error:
        raise InvalidRequest(f"{where} cannot be asked so: {error}") from error
    except (httpx.TooManyRedirects, httpx.DecodingError) as error:
        raise UnexpectedAnswer(f"{where} answered what cannot be followed: {error}") from error
    except httpx.HTTPError as error:
        raise ConnectionFailed(f"{where} cannot be reached: {str(error) or type(error).__name__}") from error
    except httpx.CookieConflict as error:  # we send none and keep none
        raise ClientError(str(error)) from error


def _built(
    client: httpx.Client | httpx.AsyncClient,
    request: Request,
    content: Content,
) -> httpx.Request:
    try:
        built = client.build_request(request.method, request.url, headers=request.headers, content=content)
    except UnicodeError as error:
        raise InvalidRequest(f"a header holds what is not ASCII: {error}") from error
    if request.read_seconds is not None:
        built.extensions["timeout"] = {**built.extensions["timeout"], "read": request.read_seconds}
    return built


async def _each(chunks: Iterable[bytes]) -> AsyncGenerator[bytes]:
    for chunk in chunks:
        yield chunk
