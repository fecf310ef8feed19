"""Removes a directory tree, whatever strangers have made of it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from secrets import token_hex


def remove(top: Path) -> None:
    """Removes `top` with all that is in it, following no links and entering no mounts.

    Every directory found is moved up into `top` before it is emptied: so no path is ever too long and no call nests,
    however deep the tree is, and a mount point stays, because the kernel does not move one. What cannot be removed
    is left, without an error. Nobody else may be changing the tree.
    """
    if top.is_symlink():
        top.unlink()
        return
    names = (top / f".removed-{token_hex(8)}-{number}" for number in count())
    waiting = [top]
    while waiting:
        directory = waiting.pop()
        waiting += _empty(directory, names)
        with suppress(OSError):
            directory.rmdir()
    with suppress(OSError):
        top.rmdir()


def _empty(directory: Path, names: Iterator[Path]) -> list[Path]:
    """Removes what is in a directory, and gives the directories found there, moved."""
    moved: list[Path] = []
    with suppress(OSError):
        _unlock(directory)
        for entry in list(os.scandir(directory)):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    moved.append(_move(Path(entry.path), next(names)))
                else:
                    Path(entry.path).unlink()
    return moved


def _move(directory: Path, target: Path) -> Path:
    try:
        return directory.rename(target)
    except PermissionError:  # to move a directory is to write to it
        _unlock(directory)
        return directory.rename(target)


def _unlock(directory: Path) -> None:
    if not directory.is_symlink():
        directory.chmod(0o700)
