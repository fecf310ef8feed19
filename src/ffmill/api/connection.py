"""A connection of the server, bounded before any of our code sees its request."""

import asyncio
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ffmill.api import unread

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 30.0
DRAIN_SECONDS = 60.0


class _Head:
    """Lines that the parser keeps until they end: a head, the head of a chunk, or what follows the last chunk."""

    def __init__(self, left: int) -> None:
        self.left = left  # bytes that it may still have


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with an end to what it waits for.

    uvicorn bounds neither the size of a request's head nor the time it takes, and after an early answer it reads the
    rest of the request for as long as the client sends. Here a head has 64 KiB and 30 s, and that rest 60 s. The
    trailers of a chunked body (RFC 9112, section 7.1.2), which nobody here reads, are bounded as heads are and dropped;
    uvicorn would add them to the headers, without end. An answer is taken at 1 KiB/s or more, whether more of it
    follows or the connection only waits for the last of it before it closes.
    """

    head_bytes: ClassVar[int] = HEAD_BYTES
    head_seconds: ClassVar[float] = HEAD_SECONDS
    drain_seconds: ClassVar[float] = DRAIN_SECONDS
    unread_seconds: ClassVar[float] = unread.SECONDS

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head: _Head | None = _Head(self.head_bytes)  # None amid a body
        self._head_complete = False  # of the request, so that what looks like a header now is a trailer
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: unread.Watch

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # uvicorn's own
        """Gives the first head its time."""
        super().connection_made(transport)
        self._unread = unread.Watch(transport, self.loop, seconds=self.unread_seconds, least=unread.LEAST_BYTES)
        self._close_in(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        self._close_in(None)
        self._unread.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what it is sent as fast as we send it."""
        super().pause_writing()
        self._unread.start()

    def resume_writing(self) -> None:
        """It has taken it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._unread.stop()

    def data_received(self, data: bytes) -> None:
        """Refuses a head that is too large; the parser would keep collecting it.

        What is counted is data that came while one and the same head was being read: how much of the data in which a
        head begins belongs to it, the parser does not tell.
        """
        head = self._head
        super().data_received(data)
        if head is not None and head is self._head:
            head.left -= len(data)
            if head.left < 0 and not self.transport.is_closing():
                self._refuse_head()

    def on_message_begin(self) -> None:
        """A new head has begun, when the message before was complete."""
        super().on_message_begin()
        self._head_complete = False
        self._close_in(self.head_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Drops trailers."""
        if not self._head_complete:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; from here the routes bound what they wait for."""
        self._head, self._head_complete = None, True
        self._close_in(None)
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Bytes of a body follow, or, after the last chunk, trailers."""
        self._head = _Head(self.head_bytes)

    def on_body(self, body: bytes) -> None:
        """They were bytes of a body."""
        self._head = None
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """The head of the next chunk follows, or the end of the message."""
        self._head = _Head(self.head_bytes)

    def on_message_complete(self) -> None:
        """The request is whole: nothing is left to drain, and what follows is the next head."""
        self._head = _Head(self.head_bytes)
        self._close_in(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """After an answer that came before its request was read, the rest has a time to arrive."""
        if self.cycle.more_body:
            self._close_in(self.drain_seconds)
        super().on_response_complete()
        if self.transport.is_closing():
            self._unread.start()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        self._close()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, and closes."""
        super().send_400_response(msg)
        self._unread.start()

    def _refuse_head(self) -> None:
        if self._head_complete and self.cycle.response_started:  # nothing may be written into that answer
            self._close()
        else:
            self.send_400_response("The head of the request is too large.")

    def _close(self) -> None:
        """Closes, as soon as the client has taken what it was sent."""
        self.transport.close()
        self._unread.start()

    def _close_in(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._close)
