"""The local files as the analysis sees them, so that it can be tested without a disk."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

STDIN = "-"
Stream = Literal["stdin", "stdout"]


class Files(Protocol):
    """What may be asked about local files; paths are as the user wrote them."""

    def is_file(self, path: str) -> bool:
        """Whether something that can be read lies there, pipes and devices included."""
        ...

    def is_regular(self, path: str) -> bool:
        """Whether a file of the disk lies there, and no pipe or device."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether a directory lies there; "" is the current one."""
        ...

    def read(self, path: str) -> str:
        """The text of a file, or of standard input; bytes that are no UTF-8 become half of a surrogate pair each."""
        ...

    def names(self, directory: str) -> Sequence[str]:
        """The names in a directory; none where there is no such directory."""
        ...

    def is_seekable(self, stream: Stream) -> bool:
        """Whether a standard stream is a file of the disk, as with `< clip.ts`, and no pipe."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """The files of this machine."""

    root: Path  # what relative paths start from

    def is_file(self, path: str) -> bool:
        """Whether something that can be read lies there."""
        return (self.root / path).exists() and not self.is_dir(path)

    def is_regular(self, path: str) -> bool:
        """Whether a file of the disk lies there."""
        return (self.root / path).is_file()

    def is_dir(self, path: str) -> bool:
        """Whether a directory lies there."""
        return (self.root / path).is_dir()

    def read(self, path: str) -> str:
        """The text of a file, or of standard input."""
        data = sys.stdin.buffer.read() if path == STDIN else (self.root / path).read_bytes()
        return data.decode(errors="surrogateescape")

    def names(self, directory: str) -> Sequence[str]:
        """The names in a directory."""
        where = self.root / directory
        return [one.name for one in where.iterdir()] if where.is_dir() else []

    def is_seekable(self, stream: Stream) -> bool:
        """Whether a standard stream is a file of the disk."""
        return (sys.stdin if stream == "stdin" else sys.stdout).buffer.seekable()
