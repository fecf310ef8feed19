"""A job at work, on a terminal as a bar, elsewhere as a line for each change."""

import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ffmill.cli.remote.printable import printable
from ffmill.client import Event, Job, Progressed, StatusChanged


class Watching:
    """Shows the events of a job on standard error."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("queued", total=100)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def take(self, event: Event) -> None:
        """One event."""
        if isinstance(event, StatusChanged):
            self._bar.update(self._task, description=event.status)
            self._say(event.status_detail or event.status)
        elif isinstance(event, Progressed) and event.progress is not None:
            self._bar.update(self._task, completed=event.progress)

    def _say(self, line: str) -> None:
        if not self._is_terminal:
            sys.stderr.write(f"{printable(line)}\n")


def explain(job: Job) -> None:
    """Says why a job failed."""
    if job.status == "failed":
        sys.stderr.writelines(f"{printable(line)}\n" for line in (job.error_message, *advice(job)))


def advice(job: Job) -> list[str]:
    """How to mend a job that failed, as far as that is known."""
    told = {"hint": job.error.hint, "corrected": job.error.corrected_command} if job.error else {}
    return [f"{name}: {text}" for name, text in told.items() if text]
