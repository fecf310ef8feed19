"""What a store on disk asks of the system: files that are ours, whole, and there after a power cut; it blocks."""

import errno
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from ffmill.store.source import Source, check_plain

PIECE_BYTES = 4 << 20
STALE_SECONDS = 86_400


def stage(source: Source, staged: Path) -> int:
    """Brings a regular file into the staging directory, makes it ours and syncs it; returns its bytes."""
    try:
        source.move(staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, staged)
    # In our directory no job can change it any more: what is checked now stays so.
    descriptor = os.open(staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        check_plain(facts)
        _own(descriptor, facts)
        os.fsync(descriptor)
        return facts.st_size
    finally:
        os.close(descriptor)


def _own(descriptor: int, facts: os.stat_result) -> None:
    if facts.st_uid != os.geteuid():  # a file of a slot's user
        os.fchown(descriptor, os.geteuid(), os.getegid())
    os.fchmod(descriptor, 0o600)


def _copy(source: Source, copy: Path) -> None:
    """Copies a file from another filesystem and removes it there; never through a link, never from a pipe."""
    with os.fdopen(source.open(), "rb") as original, open(copy, "xb", opener=private) as target:
        shutil.copyfileobj(original, target, PIECE_BYTES)
    source.remove()


def rename_into(path: Path, final: Path) -> None:
    """Renames; again when the directory, still empty, was tidied away by a deletion in between."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            make_directory(final.parent)
            path.rename(final)
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def make_directory(directory: Path) -> None:
    """Makes a directory and those above it that are missing, each of them 0700.

    Not by `exist_ok`, which looks again at what exists, and fails when that was deleted meanwhile.
    """
    with suppress(FileExistsError):
        try:
            directory.mkdir(0o700)
        except FileNotFoundError:
            make_directory(directory.parent)
            directory.mkdir(0o700)


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory outlive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(descriptor: int, block: bytes) -> int:
    """Writes all of `block`; returns its bytes."""
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]
    return len(block)


def private(path: str, flags: int) -> int:
    """An opener for files that nobody else may read."""
    return os.open(path, flags, 0o600)


def remove(*paths: Path) -> None:
    """Removes the files that are there."""
    for path in paths:
        path.unlink(missing_ok=True)


def probe(path: Path) -> None:
    """Raises OSError when nothing can be written at `path`."""
    try:
        path.write_bytes(b"can this be written?")
    finally:
        path.unlink(missing_ok=True)


def sweep(staging: Path) -> None:
    """Removes what processes that died left unfinished; by the time of change, which no file can bring along."""
    for entry in os.scandir(staging):
        with suppress(FileNotFoundError):
            if entry.stat(follow_symlinks=False).st_ctime < time.time() - STALE_SECONDS:
                Path(entry.path).unlink()
