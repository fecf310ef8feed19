"""What was sent and is not taken: a client that reads nothing holds its connection for a minute, not for ever."""

import array
import asyncio
import fcntl
import termios
from contextlib import suppress

SECONDS = 60.0
LEAST_BYTES = 60 << 10  # of so many seconds: 1 KiB/s


class Watch:
    """Aborts a connection whose peer takes less than `least` bytes in any `seconds` between `start` and `stop`."""

    def __init__(
        self, transport: asyncio.WriteTransport, loop: asyncio.AbstractEventLoop, *, seconds: float, least: int
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._least = least
        self._left = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watches from now on: nothing more is sent before what was sent is taken. Watching already, it goes on."""
        if self._timer is None:
            self._look_later()

    def stop(self) -> None:
        """Watches no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Aborts the connection, or leaves it until the next look."""
        if self._left - unread(self._transport) < self._least:
            self.stop()
            self._transport.abort()
        else:
            self._look_later()

    def _look_later(self) -> None:
        self._left = unread(self._transport)
        self._timer = self._loop.call_later(self._seconds, self.look)


def unread(transport: asyncio.WriteTransport) -> int:
    """Bytes that the peer's system has not acknowledged: those that we hold, and those that the kernel does.

    Ours alone would not tell: the kernel takes the next ones only when a third of its megabytes is free.
    """
    queued = array.array("i", [0])
    descriptor: int = transport.get_extra_info("socket").fileno()
    if descriptor >= 0:  # else the socket is closed
        with suppress(OSError):
            fcntl.ioctl(descriptor, termios.TIOCOUTQ, queued)  # tcp(7), SIOCOUTQ
    return transport.get_write_buffer_size() + queued[0]
