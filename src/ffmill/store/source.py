"""A file that is to be kept, named so that nobody can put another one in its place."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A name in a directory that is held open: what strangers do to the path of that directory leads nowhere else.

    By descriptor, not by a path through /proc/self/fd, which not every system has.
    """

    name: str  # one segment; without a directory, a path whose directories are our own
    directory: int | None = None  # an open descriptor

    def exists(self) -> bool:
        """Whether anything has that name."""
        try:
            os.lstat(self.name, dir_fd=self.directory)
        except FileNotFoundError:
            return False
        return True

    def open(self) -> int:
        """A descriptor to read from; raises OSError for all but a regular file with no other name."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe is not waited for
        descriptor = os.open(self.name, flags, dir_fd=self.directory)
        try:
            check_plain(os.fstat(descriptor))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def move(self, target: Path) -> None:
        """Renames it, a link itself and not what that leads to."""
        os.rename(self.name, target, src_dir_fd=self.directory)

    def remove(self) -> None:
        """Removes it."""
        os.unlink(self.name, dir_fd=self.directory)


def check_plain(facts: os.stat_result) -> None:
    """Raises OSError for all but a regular file with no other name, by which it might still be changed."""
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        raise OSError(errno.EINVAL, "not a regular file with one name")
