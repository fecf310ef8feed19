"""The scratch directory, which several workers of one host may share.

scratch/
  .lock             held while one looks around: who enters, who is dead
  root-<digest>/    the cages' root, built once; every worker that uses it holds a shared lock on it
  worker-<random>/  a worker's workspaces; the worker holds an exclusive lock on it as long as it lives
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import structlog

from ffmill.errors import CannotStart
from ffmill.sandbox.removal import remove

LOG = structlog.stdlib.get_logger()
WORKER, ROOT, UNFINISHED, DEAD = "worker-", "root-", ".new", ".dead"


class Scratch:
    """A scratch directory, made when it is not there. Raises CannotStart when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            with self._looking_around():
                pass
        except OSError as error:
            raise CannotStart(f"the scratch directory {path} cannot be used ({error}): set FFMILL_SCRATCH") from error

    @contextmanager
    def worker(self) -> Generator[Path]:
        """A directory for one worker's workspaces, which other users may pass; removed at the end."""
        with self._looking_around():
            directory = Path(tempfile.mkdtemp(prefix=WORKER, dir=self.path))
            directory.chmod(0o711)
            held = _try_lock(directory, fcntl.LOCK_EX)
        try:
            yield directory
        finally:
            remove(directory)
            if held is not None:
                os.close(held)

    @contextmanager
    def root(self, name: str, build: Callable[[Path], None]) -> Generator[Path]:
        """The root of that name, which `build` makes at a path where nothing is yet; atomic, for all workers."""
        root, unfinished = self.path / name, self.path / f"{name}{UNFINISHED}"
        with self._looking_around():
            if not root.exists():
                remove(unfinished)
                build(unfinished)
                unfinished.rename(root)
            held = _try_lock(root, fcntl.LOCK_SH)
        try:
            yield root
        finally:
            if held is not None:
                os.close(held)

    def sweep(self) -> list[Path]:
        """Removes the directories of dead workers and roots that nobody uses; gives what it removed."""
        with self._looking_around():
            dead = {
                path: held for path in self.path.iterdir() if _is_ours(path) and (held := _take_over(path)) is not None
            }
            renamed = {path: _bury(path) for path in dead}  # while we look around: nobody takes half of it for a whole
        for path, held in dead.items():
            remove(renamed[path])
            os.close(held)
            LOG.info("removed what a worker left", path=str(path))
        return list(dead)

    @contextmanager
    def _looking_around(self) -> Generator[None]:
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_ours(path: Path) -> bool:
    return path.name.startswith((WORKER, ROOT)) and path.is_dir() and not path.is_symlink()


def _take_over(directory: Path) -> int | None:
    try:
        return _try_lock(directory, fcntl.LOCK_EX)
    except OSError:  # it is another user's, or gone
        return None


def _bury(path: Path) -> Path:
    return path if path.name.endswith(DEAD) else path.rename(path.with_name(path.name + DEAD))


def _try_lock(directory: Path, kind: int) -> int | None:
    """The descriptor that holds the lock until it is closed or its process dies; None when another process has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
