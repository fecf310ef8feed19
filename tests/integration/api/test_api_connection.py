"""Raw connections: heads and bodies that are too large, too slow or never end are cut off; loose ones are served."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ffmill.api import body
from ffmill.api.connection import BoundedConnection
from tests.bare import Address

from .conftest import PICTURE, Service

MOST_BUFFERED = 30 << 20  # bytes: more than the kernel takes for a client that reads nothing


async def dribble(writer: asyncio.StreamWriter) -> None:
    """Sends bytes one by one until that fails."""
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0)  # no wait: the server shares this loop and must come to its turn


async def pour(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    """Sends the same again and again, until that fails."""
    for _ in range(times):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


async def once(data: bytes) -> AsyncGenerator[bytes]:
    """A stream of one chunk."""
    yield data


@pytest.fixture
async def address(service: Service) -> AsyncGenerator[Address]:
    """The API on a socket."""
    async with asyncio.timeout(60), service.served() as (host, port, _):
        yield Address(host=host, port=port, key=service.key)


async def test_a_chunked_body_without_content_type_is_read(address: Address) -> None:
    text = json.dumps(PICTURE).encode()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
    answer = await address.exchange(address.head("Transfer-Encoding: chunked", "Connection: close"), chunked)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nx-request-id: " in answer


async def test_a_never_ending_body_is_413_and_the_connection_is_closed(address: Address) -> None:
    async with address.connect() as (reader, writer):
        writer.write(address.head("Transfer-Encoding: chunked"))
        for _ in range(40):  # 1 KiB each; the limit is 4 KiB, and 8 times that is read
            writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


async def test_a_body_announced_beyond_all_measure_is_413_before_it_is_sent(address: Address) -> None:
    answer = await address.exchange(address.head("Content-Length: 99999999999", "Expect: 100-continue"))
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_stalls_is_given_up(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)
    answer = await address.exchange(address.head("Content-Length: 100"), b"{")
    assert answer.startswith(b"HTTP/1.1 503 ")


async def test_a_key_is_refused_before_the_body_is_there(address: Address) -> None:
    stranger = Address(host=address.host, port=address.port, key="nope")
    async with stranger.connect() as (reader, writer):
        writer.write(stranger.head("Content-Length: 100"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")


async def test_a_body_never_read_does_not_hold_its_connection(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedConnection, "drain_seconds", 0.1)
    stranger = Address(host=address.host, port=address.port, key="nope")
    async with stranger.connect() as (reader, writer):
        writer.write(stranger.head("Content-Length: 1000000"))
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(ConnectionError):
            await dribble(writer)


async def test_a_head_that_stalls_is_given_up(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.05)
    assert await address.exchange(b"POST /api/ffmpeg HTTP/1.1\r\nHost: x\r\n") == b""
    assert await address.exchange() == b""


async def test_a_head_too_large_is_refused(address: Address) -> None:
    async with address.connect() as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_a_large_body_is_not_taken_for_a_head(address: Address) -> None:
    text = json.dumps(PICTURE).encode().ljust(4096)
    head = address.head(f"Content-Length: {len(text)}")
    async with address.connect() as (reader, writer):
        for _ in range(40):
            writer.write(head + text)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            rest = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in rest.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Those of the server, as they come and go."""

    made: asyncio.Queue[BoundedConnection]
    lost: asyncio.Queue[BoundedConnection]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """The connections of this test."""
    seen = Connections(made=asyncio.Queue(), lost=asyncio.Queue())
    made, lost = BoundedConnection.connection_made, BoundedConnection.connection_lost

    def noting_made(self: BoundedConnection, transport: asyncio.Transport) -> None:
        made(self, transport)
        seen.made.put_nowait(self)

    def noting_lost(self: BoundedConnection, exc: Exception | None) -> None:
        lost(self, exc)
        seen.lost.put_nowait(self)

    monkeypatch.setattr(BoundedConnection, "connection_made", noting_made)
    monkeypatch.setattr(BoundedConnection, "connection_lost", noting_lost)
    return seen


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_an_answer_that_nobody_reads_is_given_up(
    service: Service, seen: Connections, monkeypatch: pytest.MonkeyPatch, connection: str
) -> None:
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 0.05)
    await service.parts.store.put_stream("outputs/x.bin", once(bytes(MOST_BUFFERED)), MOST_BUFFERED)
    path = "/files/" + service.parts.signer.sign("GET", "outputs/x.bin", 60).partition("/files/")[2]
    async with asyncio.timeout(60), service.served() as (host, port, server):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await seen.lost.get()
        while server.server_state.tasks:
            await asyncio.wait(server.server_state.tasks)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_what_is_left_when_a_connection_closes_is_given_up_too(
    service: Service, seen: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is little, so the transport never says that it is too much, and waits without end."""
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 0.05)
    async with asyncio.timeout(60), service.served() as (host, port, _):
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, (host, port))
            connection = await seen.made.get()
            connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            client.send(b"GET /api/docs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await seen.lost.get()


@pytest.fixture
def parser_saw(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The data that connections gave their parsers."""
    seen: list[bytes] = []
    feed = HttpToolsProtocol.data_received

    def noting(self: HttpToolsProtocol, data: bytes) -> None:
        seen.append(data)
        feed(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", noting)
    return seen


@pytest.mark.parametrize("path", ["/nothing", "/api/ffmpeg"])
@pytest.mark.parametrize("trailers", [b"Xa: b\r\n" * 1024, b"x" * 7168], ids=["many", "one"])
async def test_trailers_without_an_end_are_cut_off(
    address: Address, parser_saw: list[bytes], path: str, trailers: bytes
) -> None:
    """The parser and uvicorn keep all of them until they end."""
    async with address.connect() as (_, writer):
        writer.write(address.head("Transfer-Encoding: chunked", path=path) + b"1\r\n{\r\n0\r\nX: ")
        with pytest.raises(ConnectionError):
            await pour(writer, trailers, 10_000)
    assert sum(map(len, parser_saw)) < 1 << 20


async def test_trailers_are_no_headers(address: Address) -> None:
    text = json.dumps(PICTURE).encode()
    chunked = b"%x\r\n%s\r\n0\r\nIdempotency-Key: \xc3\xa9\r\nX: y\r\n\r\n" % (len(text), text)
    async with address.connect() as (reader, writer):
        for _ in range(2):
            writer.write(address.head("Transfer-Encoding: chunked") + chunked)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            rest = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in rest.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))


async def test_a_body_of_many_chunks_is_not_taken_for_a_head(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its data charged to the chunk's head that it ends with."""
    monkeypatch.setattr(BoundedConnection, "head_bytes", 256)
    text = json.dumps(PICTURE).encode()
    async with address.connect() as (reader, writer):
        writer.write(address.head("Transfer-Encoding: chunked", "Connection: close"))
        for at in range(0, len(text), 3):
            piece = text[at : at + 3]
            writer.write(b"%x;%s\r\n%s\r\n" % (len(piece), b"x" * 200, piece))
            await writer.drain()
        blank = b"c8\r\n" + b" " * 200 + b"\r\n"
        writer.write(blank * 10 + b"1")
        await writer.drain()
        writer.write(b"\r\n \r\n0\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x00\xff\x16\x03\x01\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=range(5),
)
async def test_what_is_no_http_is_a_400(address: Address, bytes_sent: bytes) -> None:
    async with address.connect() as (reader, writer):
        writer.write(bytes_sent)
        assert (await reader.readline()).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 401 "))
