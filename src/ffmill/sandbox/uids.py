"""The users of a worker's slots: a block of ids that no other worker of this host has."""

import errno
import os
import re
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from ffmill.errors import CannotStart
from ffmill.sandbox import acting

NEEDED = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7  # CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID (capabilities(7))
BLOCK = 1024  # the most slots a worker has
FIRST, BLOCKS = 200_000, 1000
FIRST_OF_CONTAINER, BLOCKS_OF_CONTAINER = 30_000, 28  # a user namespace often maps 65,536 ids only


@contextmanager
def claim() -> Generator[range | None]:
    """A block of unused user ids, ours as long as this process lives; None for a worker that may not change users.

    The claim is the name of an abstract socket: seen by the whole host, or container, without a file, gone with the
    process.
    """
    if os.geteuid() != 0 or not _may_change_users():
        yield None
        return
    bases = list(_mapped())
    if not bases:  # root of a namespace that knows no other user is nobody special outside
        yield None
        return
    acting.check_machine()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claimed:
        base = next((base for base in bases if _bind(claimed, base)), None)
        if base is None:
            raise CannotStart(f"all {len(bases)} blocks of user ids for slots are taken by other workers of this host")
        yield range(base, base + BLOCK)


def _may_change_users() -> bool:
    """Whether this root has not been robbed of what it takes, as in a container without capabilities."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return found is not None and int(found[1], 16) & NEEDED == NEEDED


def _bind(claimed: socket.socket, base: int) -> bool:
    try:
        claimed.bind(f"\0ffmill-uids-{base}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def _mapped() -> Iterator[int]:
    """The bases whose blocks exist in our user namespace (user_namespaces(7))."""
    maps = [Path(f"/proc/self/{kind}_map").read_text() for kind in ("uid", "gid")]
    for first, blocks in ((FIRST, BLOCKS), (FIRST_OF_CONTAINER, BLOCKS_OF_CONTAINER)):
        for base in range(first, first + blocks * BLOCK, BLOCK):
            if all(_covers(text, base) for text in maps):
                yield base


def _covers(text: str, base: int) -> bool:
    rows = [tuple(map(int, line.split())) for line in text.splitlines()]
    return any(inside <= base and base + BLOCK <= inside + count for inside, _, count in rows)
