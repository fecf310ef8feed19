"""Ends what is left of an embedded PostgreSQL whose parent was killed, so that the next one may start."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ffmill.errors import CannotStart

SECONDS = 10.0
KIND_SECONDS = 4.0  # for a fast shutdown, which spares the next server a recovery
POLL_SECONDS = 0.01


def end(data: Path, socket: Path) -> None:
    """Returns when no server process works in the cluster `data`, and the marks of the last one, there and in the
    directory `socket`, are gone; the caller holds our lock, so none is in use.

    A kill costs no data: the next server replays its log. Raises CannotStart when one does not end.
    """
    begun = time.monotonic()
    while left := list(_servers(data)):
        postmaster = _postmaster(data)
        if postmaster in left and time.monotonic() < begun + KIND_SECONDS:
            _signal(postmaster, signal.SIGINT)  # again and again: it heeds the first alone
        else:  # it is stuck, or only its backends are left
            for pid in left:
                _signal(pid, signal.SIGKILL)
        if time.monotonic() > begun + SECONDS:
            raise CannotStart(f"an earlier PostgreSQL still works in {data} and does not end (pid {left[0]})")
        time.sleep(POLL_SECONDS)
    # whoever has its pid now, a zombie or a stranger, is no server of this cluster
    for mark in (data / "postmaster.pid", *socket.glob(".s.PGSQL.*")):
        mark.unlink(missing_ok=True)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _postmaster(data: Path) -> int | None:
    """The pid in the server's own file (postmaster.pid, first line); it may be a stranger's by now."""
    try:
        return int((data / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return None


def _servers(data: Path) -> Iterator[int]:
    """Every process of a server has the cluster as its working directory."""
    if not data.is_dir():
        return
    cluster = data.stat()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            directory = (process / "cwd").stat()
            if os.path.samestat(directory, cluster) and (process / "comm").read_text().strip() == "postgres":
                yield int(process.name)
        except OSError:  # it ended meanwhile, or is not ours
            continue
