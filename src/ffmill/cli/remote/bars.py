"""Bars for files on their way, on a terminal; a line each where there is none."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ffmill.cli.remote.printable import printable

Advance = Callable[[int, int | None], None]  # takes the bytes that have gone so far, and all where known


class Bars:
    """Shows files on their way, on standard error; nothing where `silent`."""

    def __init__(self, verb: str, *, silent: bool) -> None:
        self._verb = verb
        self._silent = silent
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=silent or not sys.stderr.isatty(),
        )

    @contextmanager
    def shown(self) -> Generator[None]:
        """Shows bars until left."""
        with self._progress:
            yield

    def file(self, name: str) -> Advance:
        """One more file."""
        task = self._progress.add_task(f"{self._verb} {printable(name)}".replace("[", r"\["), total=None)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def done(self, name: str, size: int) -> None:
        """One of them has arrived."""
        if not self._silent and not sys.stderr.isatty():
            sys.stderr.write(f"{self._verb} {printable(name)}: {decimal(size)}\n")
