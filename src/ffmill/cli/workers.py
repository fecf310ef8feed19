"""`ffmill workers`: which workers there are, and what each has at work."""

from functools import partial

from rich.table import Table
from rich.text import Text

from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.worker.registry import Worker, all_workers


def show(settings: Settings) -> None:
    """Prints a table of all workers that are registered."""
    table = Table("machine", "name", "host", "ffmpeg", "sandbox", "jobs at work", "last heard of")
    for worker in in_database(settings, partial(all_workers, silent_seconds=settings.worker_lost_seconds)):
        table.add_row(*map(Text, _row(worker)))
    show_table(table)


def _row(worker: Worker) -> tuple[str, ...]:
    heard = worker.heartbeat_at.strftime("%Y-%m-%d %H:%M:%S") + ("" if worker.is_live else " (silent)")
    busy = f"{len(worker.jobs)} of {worker.concurrency}"
    return worker.machine, worker.name, worker.host, worker.ffmpeg_version, worker.sandbox, busy, heard
