"""A directory or a file that one process at a time may have."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ffmill.errors import CannotStart


class Held(CannotStart):
    """Another process has it."""


@contextmanager
def hold(path: Path, refusal: str) -> Generator[None]:
    """Holds the lock file `path`; the kernel releases it with the process, however that ends.

    Raises Held with the text `refusal` when another process holds it, OSError when the file cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Held(refusal) from error
    try:
        yield
    finally:
        os.close(descriptor)
