"""How much disk space and memory a job takes, counted while it runs."""

import asyncio
import errno
import os
import stat
from collections.abc import Iterator, Sequence
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
    hidden: bool = False  # whether there is something that cannot be counted


async def measure(*directories: Path, most_files: int) -> Usage:
    """Counts what lies below the directories, following no links; ends early beyond `most_files`."""
    return await asyncio.get_running_loop().run_in_executor(COUNTERS, _count, directories, most_files)


async def measure_held(pid: int, directories: Sequence[Path] = ()) -> Held:
    """Counts what a process and all that it has started hold; nothing where there is no /proc.

    A file that is mapped, and has no name any more, cannot be counted: `hidden` tells of such below the directories,
    and of processes that may not be looked into.
    """
    return await asyncio.get_running_loop().run_in_executor(COUNTERS, _count_held, pid, directories)


def may_look(pid: int) -> bool:
    """Whether we may see what a process has open: not where there is no /proc, nor as a root without CAP_SYS_PTRACE."""
    try:
        _unlinked(pid)
    except PermissionError:
        return False
    return Path(f"/proc/{pid}/fd").is_dir()


def read_status(pid: int) -> dict[str, int]:
    """The figures of a process; empty when it is gone, or where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) for name, _, value in fields if name in FIGURES}


def _count(directories: Sequence[Path], most_files: int) -> Usage:
    size = files = 0
    try:
        for files, blocks in enumerate(_blocks(directories), start=1):
            size += blocks * BLOCK_BYTES
            if files > most_files:
                break
    except OSError as error:
        if error.errno not in HIDDEN:
            raise
        return Usage(bytes=size, files=files, hidden=True)
    return Usage(bytes=size, files=files)


def _blocks(tops: Sequence[Path]) -> Iterator[int]:
    """The blocks of each entry; of a file with several names with the first, of what vanishes meanwhile none.

    Raises OSError for what is there and cannot be looked into.
    """
    waiting, seen = [str(top) for top in tops], set[int]()
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


def _count_held(pid: int, directories: Sequence[Path]) -> Held:
    files, memory, hidden = dict[tuple[int, int], int](), 0, False
    places = tuple(f" {os.fsdecode(directory)}/".encode() for directory in directories)
    for member in _family(pid):
        status = read_status(member)
        memory += (status.get("RssAnon", 0) + status.get("RssShmem", 0)) << 10
        try:
            files |= _unlinked(member)
            hidden = hidden or _maps_unlinked(member, places)
        except PermissionError:
            hidden = True
    return Held(unlinked_bytes=sum(files.values()) * BLOCK_BYTES, memory_bytes=memory, hidden=hidden)


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
    """The blocks of files that are open there and have no name any more, by device and inode.

    Raises PermissionError.
    """
    found = dict[tuple[int, int], int]()
    with suppress(FileNotFoundError, ProcessLookupError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                facts = descriptor.stat()
                if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 0:
                    found[facts.st_dev, facts.st_ino] = facts.st_blocks
    return found


def _maps_unlinked(pid: int, places: Sequence[bytes]) -> bool:
    """Whether a file is mapped there that lay in one of the places (proc(5), /proc/PID/maps)."""
    try:
        with Path(f"/proc/{pid}/maps").open("rb") as maps:
            return any(line.endswith(b" (deleted)\n") and any(place in line for place in places) for line in maps)
    except (FileNotFoundError, ProcessLookupError):
        return False
