"""The processes of this machine, as tests look for them."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path


def with_words(marker: str) -> list[int]:
    """The processes whose command line holds `marker`."""
    return [pid for pid, words in command_lines() if marker in words]


def command_lines() -> Generator[tuple[int, str]]:
    """Every process but this one, with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or a child of ours that only waits to be waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def children(pid: int) -> list[tuple[int, str]]:
    """The processes that it started, with their command lines."""
    return [(child, words) for child, words in command_lines() if parent(child) == pid]


def parent(pid: int) -> int:
    """The process that started it; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[1])


def ancestors(pid: int) -> Iterator[int]:
    """Its parent, that one's parent, and so on."""
    while pid := parent(pid):
        yield pid
