"""uvicorn as ffmill runs it: on a socket of ours, with a stop that does not wait for those who wait."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from ffmill.api.connection import BoundedConnection
from ffmill.errors import CannotStart

BACKLOG = 2048
STOP_SECONDS = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` (a name or an address) and `port`; raises CannotStart."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotStart(
            f"cannot listen on {host}:{port}: {reason}; set another address with --host and --port"
        ) from error


async def serve(app: ASGIApp, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Serves `app` until a signal, then sets `stopping` and gives requests under way 2 s to end."""
    config = uvicorn.Config(
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
    await _Server(config, stopping).serve([listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets go of the clients that wait for jobs, then stops as uvicorn does."""
        self._stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Takes a signal as the wish to stop; uvicorn would raise it again at the end, before our parts are closed."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
