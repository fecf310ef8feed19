"""A raw HTTP server on loopback whose answers are scripted byte by byte, good ones and bad ones."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request as it came over the wire."""

    method: str
    target: str  # path and query, as sent
    headers: dict[str, str]  # by lower-case name
    body: bytes


@dataclass(kw_only=True)
class Origin:
    """The server: the n-th request is answered by the n-th script, and those after the last by the last."""

    scripts: tuple[Script, ...]
    host: str
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str = "/in.mp4", *, user: str = "") -> str:
        """A URL of this server."""
        return f"http://{user}{self.host}:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, until a script closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await _read(reader)
                script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
                self.requests.append(request)
                await script(request, writer)
                await writer.drain()
        writer.close()

    async def stop(self) -> None:
        """Ends every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def origin(*scripts: Script, host: str = "127.0.0.1") -> AsyncGenerator[Origin]:
    """A server with these scripts, stopped at the end."""
    served = Origin(scripts=scripts, host=host)
    server = await asyncio.start_server(served.answer, host, 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield served
        finally:
            await served.stop()


def reply(
    body: bytes = b"",
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    length: int | None = None,
    hang_up: bool = False,
) -> Script:
    """An answer; `length` is the Content-Length that it announces, -1 announces none and ends by hanging up."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        if length != -1:
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        if hang_up or length is not None:
            await writer.drain()
            writer.close()

    return script


def raw(data: bytes) -> Script:
    """These very bytes, then the end."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return script


def silence(before: bytes = b"") -> Script:
    """These bytes, then nothing, for ever."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        await asyncio.Event().wait()

    return script


def endless(head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Script:
    """A body without length and without end."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    return script


def redirect(location: str, status: int = 302) -> Script:
    """A redirect to `location`."""
    return reply(status=status, headers={"Location": location})


def ranges(content: bytes, *, etag: str = '"one"', sends: int | None = None) -> Script:
    """A server that heeds Range and If-Range as it should, but hangs up after `sends` bytes of each answer."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        start, head = 0, "HTTP/1.1 200 OK\r\n"
        if "range" in request.headers and request.headers.get("if-range", etag) == etag:
            start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
            part = f"bytes {start}-{len(content) - 1}/{len(content)}"
            head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: {part}\r\n"
        rest = content[start:]
        writer.write(f"{head}ETag: {etag}\r\nContent-Length: {len(rest)}\r\n\r\n".encode() + rest[:sends])
        if sends is not None and sends < len(rest):
            await writer.drain()
            writer.close()

    return script


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.split("\r\n")[:-2]
    method, target, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Request(
        method=method,
        target=target,
        headers=headers,
        body=await reader.readexactly(int(headers.get("content-length", 0))),
    )
