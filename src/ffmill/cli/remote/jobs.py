"""`ffmill jobs`: lists, shows, follows, cancels and downloads jobs."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from rich.table import Table
from rich.text import Text

from ffmill.cli.local.plan import MARKING
from ffmill.cli.remote import connection, interrupts
from ffmill.cli.remote.following import follow
from ffmill.cli.remote.json_of import plain
from ffmill.cli.remote.printable import printable
from ffmill.cli.remote.run import bring_down
from ffmill.cli.remote.service import opened
from ffmill.cli.remote.watching import Watching, explain
from ffmill.cli.tables import show_table
from ffmill.client import AsyncFfmill, Job
from ffmill.errors import FfmillError

T = TypeVar("T")
COMPLETED = 30  # ids that completion offers


class NoSuchOutput(FfmillError):
    """The job has no output of this name."""


def ids(incomplete: str) -> list[str]:
    """Ids of late jobs that begin so; none where they cannot be had."""
    with suppress(FfmillError, OSError):
        jobs = _call(lambda client: newest(client, COMPLETED))
        return [job.id for job in jobs if job.id.startswith(incomplete)]
    return []


def show_all(*, limit: int, status: str | None, as_json: bool) -> None:
    """Prints the newest jobs."""
    jobs = _call(lambda client: newest(client, limit, status))
    if as_json:
        _print([plain(job) for job in jobs])
        return
    table = Table("id", "status", "created", "outputs", "command")
    for job in jobs:
        outputs = ", ".join(job.output_files)
        command = " && ".join(job.ffmpeg_commands)
        table.add_row(
            *map(
                _text, (job.id, job.status, f"{job.created_at:%Y-%m-%d %H:%M:%S}", _cut(outputs, 40), _cut(command, 60))
            )
        )
    show_table(table)


def show(job_id: str, *, as_json: bool) -> None:
    """Prints a job."""
    job = _call(lambda client: client.get(job_id))
    if as_json:
        _print(plain(job))
        return
    table = Table("", "", show_header=False)
    for name, value in plain(job).items():
        if value not in (None, "", [], {}):
            table.add_row(name, _text(_shown(value)))
    show_table(table)


def logs(job_id: str, *, as_json: bool) -> None:
    """Prints a job's log."""
    text = _call(lambda client: client.logs(job_id))
    if as_json:
        _print({"log": text})
    else:
        print(printable(text) if sys.stdout.isatty() else text, end="")  # noqa: T201


def watch(job_id: str, *, as_json: bool) -> int:
    """Follows a job to its end, and leaves it alone when interrupted; 0 if it succeeds."""

    async def ended() -> Job:
        async with opened(connection.find()) as client:
            with Watching() as watching:
                return await follow(client, job_id, watching.take)

    job = interrupts.run(ended(), None)
    if job is None:
        return interrupts.INTERRUPTED
    explain(job)
    if as_json:
        _print(plain(job))
    else:
        print(job.status)  # noqa: T201
    return 0 if job.status == "succeeded" else 1


def cancel(job_id: str, *, as_json: bool) -> None:
    """Cancels a job."""
    job = _call(lambda client: client.cancel(job_id))
    if as_json:
        _print(plain(job))
    else:
        print(job.status)  # noqa: T201


def download(job_id: str, names: Sequence[str], directory: Path, *, as_json: bool) -> int:
    """Downloads a job's outputs; 0 unless it was interrupted; raises NoSuchOutput."""
    files = interrupts.run(_opened(lambda client: _download(client, job_id, names, directory)), None)
    if files is None:
        return interrupts.INTERRUPTED
    if as_json:
        _print({"files": files})
    else:
        sys.stdout.writelines(f"{printable(file)}\n" for file in files)
    return 0


async def newest(client: AsyncFfmill, limit: int, status: str | None = None) -> list[Job]:
    """So many jobs, the newest first."""
    conditions = {"limit": str(limit), **({"status": status} if status else {})}
    found: list[Job] = []
    async with aclosing(client.jobs(**conditions)) as jobs:
        async for job in jobs:
            found.append(job)
            if len(found) == limit:
                break
    return found


async def _download(client: AsyncFfmill, job_id: str, names: Sequence[str], directory: Path) -> list[str]:
    job = await client.get(job_id)
    if MARKING in job.ffmpeg_commands:  # of `ffmill ffmpeg`: it writes no file of its user's
        job = replace(job, output_files={})
    for name in names:
        if name not in job.output_files:
            raise NoSuchOutput(f"the job has no output {name}; it has: {', '.join(job.output_files) or 'none'}")
    if names:
        kept = {name: url for name, url in job.output_files.items() if name in names}
        job = replace(job, output_files=kept)
    return await bring_down(client, job, directory)


def _call(what: Callable[[AsyncFfmill], Awaitable[T]]) -> T:
    return asyncio.run(_opened(what))


async def _opened(what: Callable[[AsyncFfmill], Awaitable[T]]) -> T:
    async with opened(connection.find()) as client:
        return await what(client)


def _text(text: str) -> Text:
    return Text(printable(text))


def _print(what: Any) -> None:
    print(json.dumps(what))  # noqa: T201


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
