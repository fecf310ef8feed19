"""A connection of the server, bounded before any of our code sees its request."""

import asyncio
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 30.0
DRAIN_SECONDS = 60.0


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with an end to what it waits for.

    uvicorn bounds neither the size of a request's head nor the time it takes, and after an early answer it reads the
    rest of the request for as long as the client sends. Here a head has 64 KiB and 30 s, and that rest 60 s.
    """

    head_bytes: ClassVar[int] = HEAD_BYTES
    head_seconds: ClassVar[float] = HEAD_SECONDS
    drain_seconds: ClassVar[float] = DRAIN_SECONDS

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_left: int | None = self.head_bytes  # None while no head is being read
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # uvicorn's own
        """Gives the first head its time."""
        super().connection_made(transport)
        self._close_in(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadline."""
        self._close_in(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuses a head that is too large; the parser would keep collecting it."""
        super().data_received(data)
        if self._head_left is not None:
            self._head_left -= len(data)
            if self._head_left < 0 and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A new head begins."""
        super().on_message_begin()
        self._head_left = self.head_bytes
        self._close_in(self.head_seconds)

    def on_headers_complete(self) -> None:
        """The head is whole; from here the routes bound what they wait for."""
        self._head_left = None
        self._close_in(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: nothing is left to drain."""
        self._close_in(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """After an answer that came before its request was read, the rest has a time to arrive."""
        if self.cycle.more_body:
            self._close_in(self.drain_seconds)
        super().on_response_complete()

    def _close_in(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.close)
