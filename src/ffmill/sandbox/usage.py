"""How much disk space and memory a job takes, counted while it runs."""

import asyncio
import errno
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 512  # the unit of st_blocks (stat(2)): a hole in a file costs nothing
HIDDEN = (errno.EACCES, errno.ENAMETOOLONG)  # a directory closed to us, or nested deeper than any path
READ_BYTES = 1 << 16
FIGURES = ("VmHWM", "VmRSS", "Threads", "RssAnon", "RssShmem")
# Threads of our own, so that a slow disk holds up neither the loop nor its name look-ups; a count ends by itself.
COUNTERS = ThreadPoolExecutor(2, thread_name_prefix="usage")


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What lies below a directory."""

    bytes: int = 0
    files: int = 0
    hidden: bool = False  # whether there is something that cannot be looked into


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What processes hold beside what lies in directories."""

    unlinked_bytes: int = 0  # of open files without a name
    memory_bytes: int = 0  # resident, without what lies in files


async def measure(directory: Path, *, most_files: int) -> Usage:
    """Counts what lies below the directory, following no links; ends early beyond `most_files`."""
    return await asyncio.get_running_loop().run_in_executor(COUNTERS, _count, directory, most_files)


async def measure_held(pid: int) -> Held:
    """Counts what a process and all that it has started hold; nothing where there is no /proc."""
    return await asyncio.get_running_loop().run_in_executor(COUNTERS, _count_held, pid)


def read_status(pid: int) -> dict[str, int]:
    """The figures of a process; empty when it is gone, or where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) for name, _, value in fields if name in FIGURES}


def _count(directory: Path, most_files: int) -> Usage:
    size = files = 0
    try:
        for files, blocks in enumerate(_blocks(directory), start=1):
            size += blocks * BLOCK_BYTES
            if files > most_files:
                break
    except OSError as error:
        if error.errno not in HIDDEN:
            raise
        return Usage(bytes=size, files=files, hidden=True)
    return Usage(bytes=size, files=files)


def _blocks(top: Path) -> Iterator[int]:
    """The blocks of each entry; of a file with several names with the first, of what vanishes meanwhile none.

    Raises OSError for what is there and cannot be looked into.
    """
    waiting, seen = [str(top)], set[int]()
    while waiting:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                yield _blocks_of(entry, seen)


def _blocks_of(entry: os.DirEntry[str], seen: set[int]) -> int:
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return 0
    if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
        if facts.st_ino in seen:
            return 0
        seen.add(facts.st_ino)
    return facts.st_blocks


def _count_held(pid: int) -> Held:
    files, memory = dict[tuple[int, int], int](), 0
    for member in _family(pid):
        status = read_status(member)
        memory += (status.get("RssAnon", 0) + status.get("RssShmem", 0)) << 10
        files |= _unlinked(member)
    return Held(unlinked_bytes=sum(files.values()) * BLOCK_BYTES, memory_bytes=memory)


def _family(pid: int) -> list[int]:
    """The process and all that it has started: what loses its parent is adopted by pid 1 of the cage."""
    found = [pid]
    for member in found:  # grows meanwhile
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{member}/task"):  # noqa: PTH208  # of hundreds, five times a second
                found += map(int, _read(f"/proc/{member}/task/{thread}/children").split())
    return found


def _read(path: str) -> bytes:
    """A short file of /proc; nothing of what is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _unlinked(pid: int) -> dict[tuple[int, int], int]:
    """The blocks of files that are open there and have no name any more, by device and inode."""
    found = dict[tuple[int, int], int]()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                facts = descriptor.stat()
                if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 0:
                    found[facts.st_dev, facts.st_ino] = facts.st_blocks
    return found
