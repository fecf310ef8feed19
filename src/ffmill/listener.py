"""The listening socket of the API: made here, or handed down by `ffmill serve`, which keeps it across restarts."""

import os
import socket

from ffmill.errors import CannotStart

BACKLOG = 2048
INHERITED = "FFMILL_LISTENER"
"""The variable in which `ffmill serve` tells its API the descriptor of the socket."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` (a name or an address) and `port`; raises CannotStart."""
    if descriptor := os.environ.get(INHERITED):
        return socket.socket(fileno=int(descriptor))
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotStart(
            f"cannot listen on {host}:{port}: {reason}; "
            "choose another with --host and --port (FFMILL_HOST, FFMILL_PORT)"
        ) from error
