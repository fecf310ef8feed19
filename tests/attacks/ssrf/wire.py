"""The wire, as Python's audit events show it: what is dialled, sent and looked up is written down, and stopped."""

import errno
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SENDING = ("socket.connect", "socket.sendto", "socket.sendmsg")
LOOKING_UP = "socket.getaddrinfo"

_watching: list["Wire"] = []


class Stopped(OSError):
    """What would have left was stopped before the kernel heard of it."""

    def __init__(self) -> None:
        super().__init__(errno.ENETDOWN, "stopped by the test")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """What went, and what would have gone: by default nothing passes, loopback neither."""

    passes: set[tuple[str, int]]  # addresses and ports that may be dialled
    went: list[tuple[str, int]] = field(default_factory=list)  # dialled, the passing ones
    stopped: list[tuple[str, int]] = field(default_factory=list)  # dialled or looked up, and stopped

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Writes an event down; raises Stopped unless it may pass."""
        where = arguments[:2] if event == LOOKING_UP else arguments[1]
        if not isinstance(where, tuple):  # a Unix socket's path, or a socket that is connected already
            return
        reached = (str(where[0]), int(where[1] or 0))  # pyright: ignore[reportUnknownArgumentType]
        if event == "socket.sendto" and arguments[0].getsockname() in self.passes:  # our name server answers
            return
        if event != LOOKING_UP and reached in self.passes:
            self.went.append(reached)
            return
        self.stopped.append(reached)
        raise Stopped


@contextmanager
def watched(*passes: tuple[str, int]) -> Generator[Wire]:
    """The wire meanwhile; only to these addresses and ports does anything go, and no name is looked up by libc."""
    wire = Wire(passes=set(passes))
    _watching.append(wire)
    try:
        yield wire
    finally:
        _watching.remove(wire)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and (event in SENDING or event == LOOKING_UP):
        for wire in _watching:
            wire.see(event, arguments)


sys.addaudithook(_hook)  # cannot be taken away again; while nobody watches it does nothing
