"""Ways for a slot's user past closed parents: a data directory or a virtual environment under a 0700 /root.

The worker enters a mount namespace of its own and binds there what must be reached. Nothing changes outside of it, and
with the process all of it is gone.
"""

import os
import stat
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from ffmill import libc
from ffmill.errors import CannotStart

# The first that is empty is covered: it hides nothing then.
COVERED = ("/mnt", "/media", "/srv", "/opt", "/var/opt", "/var/local", "/boot")

NUMBERS = count()  # of the binds, as their names

CLONE_NEWNS = 0x20000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_SLAVE = 0x2, 0x4, 0x1000, 0x4000, 0x80000
MNT_DETACH = 0x2


@contextmanager
def within_reach(paths: Sequence[Path], users: range | None) -> Generator[dict[Path, Path]]:
    """Where the slots' users reach the paths; the worker's own user reaches them where they are."""
    if users is None:
        yield {path: path.resolve() for path in paths}
        return
    umask = os.umask(0o022)  # a slot's user reads what we put into its workspace
    try:
        with reachable(paths) as at:
            yield at
    finally:
        os.umask(umask)


@contextmanager
def reachable(paths: Sequence[Path]) -> Generator[dict[Path, Path]]:
    """Where every user can reach each of the paths: there itself, or at a bind of it.

    Taken by the main thread, from which cages are started. Raises CannotStart when a path is closed and we may not
    mount, or is closed itself.
    """
    with ExitStack() as stack:
        yield {path: path.resolve() if is_open(path) else stack.enter_context(_bound(path)) for path in paths}


def is_open(path: Path) -> bool:
    """Whether the parents of a path let every user pass."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


@contextmanager
def _bound(path: Path) -> Generator[Path]:
    source = path.resolve()
    if not source.stat().st_mode & stat.S_IXOTH:
        raise CannotStart(f"a slot's user may not enter or run {path}: allow it by `chmod o+rx`")
    try:
        target = place() / str(next(NUMBERS))
        if source.is_dir():
            target.mkdir()
        else:
            target.touch()
        libc.call("mount", bytes(source), bytes(target), None, MS_BIND | MS_REC, None)
    except OSError as error:
        raise CannotStart(
            f"a parent of {path} keeps the slots' users out, and this process may not mount it elsewhere ({error}): "
            "open that parent by `chmod o+x`, or run ffmill as an ordinary user"
        ) from error
    try:
        yield target
    finally:
        libc.call("umount2", bytes(target), MNT_DETACH)


@cache
def place() -> Path:
    """A small file system in a mount namespace of our own; entered once in the life of the process."""
    covered = next((path for path in map(Path, COVERED) if _hides_nothing(path)), None)
    if covered is None:
        raise FileNotFoundError(f"none of {', '.join(COVERED)} is an empty directory")
    libc.call("unshare", CLONE_NEWNS)
    libc.call("mount", None, b"/", None, MS_REC | MS_SLAVE, None)  # what is mounted here is not seen outside
    libc.call("mount", b"tmpfs", bytes(covered), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=1m,mode=711")
    return covered


def _hides_nothing(path: Path) -> bool:
    try:
        return is_open(path) and not path.is_symlink() and not any(path.iterdir())
    except OSError:
        return False
