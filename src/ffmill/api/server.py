"""uvicorn as ffmill runs it: on a socket of ours, with a stop that does not wait for those who wait."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from ffmill.api.connection import BoundedConnection
from ffmill.listener import BACKLOG

STOP_SECONDS = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Serves an application until a signal or `stop()`; then waiting clients are let go, and the others have 2 s."""

    def __init__(self, app: ASGIApp, stopping: asyncio.Event) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=STOP_SECONDS,
                backlog=BACKLOG,
            )
        )
        self._stopping = stopping
        logging.getLogger("uvicorn.error").addFilter(_unless_cut_off)

    def stop(self) -> None:
        """Asks for the end of `serve()`."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets go of the clients that wait for jobs, then stops as uvicorn does."""
        self._stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Takes a signal as the wish to stop; uvicorn would raise it again at the end, before our parts are closed."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)


def _unless_cut_off(line: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is news: what cuts an answer off on purpose has logged why."""
    return line.msg != "ASGI callable returned without completing response."
