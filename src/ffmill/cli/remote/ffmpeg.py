"""`ffmill ffmpeg`: an ffmpeg command that runs elsewhere, as if it ran here."""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ffmill.cli.local import stops
from ffmill.cli.local.analysis import analyse
from ffmill.cli.local.files import Disk
from ffmill.cli.local.plan import Aim, Plan
from ffmill.cli.local.stops import Stop
from ffmill.cli.remote import connection, interrupts, overwriting, transfers
from ffmill.cli.remote.bars import Bars
from ffmill.cli.remote.coming_down import Rooms
from ffmill.cli.remote.following import run_job, tell_log
from ffmill.cli.remote.json_of import plain
from ffmill.cli.remote.screen import Screen
from ffmill.cli.remote.service import opened
from ffmill.cli.remote.watching import advice
from ffmill.client import AsyncFfmill, Event, Job, LinesLeftOut, LogLine, Progressed

_FAILED = 1


def run(words: Sequence[str], *, machine: str = "cpu", as_json: bool = False) -> int:
    """Runs a command in the current directory; the exit code ffmpeg would have; raises the client's errors."""
    root = Path.cwd()
    try:
        plan = analyse(words, Disk(root=root))
        overwriting.check(plan, root, ask=overwriting.terminal())
        if as_json and plan.to_stdout:
            raise stops.not_both_on_stdout()
    except Stop as stop:
        sys.stderr.writelines(f"{line}\n" for line in stop.lines)
        return stop.exit_code
    where = connection.find(directory=root)
    return interrupts.run(_run(where, plan, root, machine=machine, as_json=as_json), interrupts.INTERRUPTED)


async def _run(where: connection.Connection, plan: Plan, root: Path, *, machine: str, as_json: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="ffmill-") as scratch:
        async with opened(where) as client:
            urls = await transfers.upload(client, plan.inputs, root, Path(scratch), _bars("up", plan))
            screen = Screen(plan, sys.stdout if plan.aim is Aim.ANSWER and not as_json else sys.stderr)
            job = await _job(client, plan, urls, machine, screen)
            files = await _bring_down(client, plan, root, Path(scratch), job) if job.status == "succeeded" else []
    code = exit_code(plan, job)
    if as_json:
        print(json.dumps({"job": plain(job), "exit_code": code, "files": files}))  # noqa: T201
    return code


async def _job(client: AsyncFfmill, plan: Plan, urls: Mapping[str, str], machine: str, screen: Screen) -> Job:
    body = {
        "input_files": urls,
        "output_files": list(plan.asked_for),
        "ffmpeg_commands": list(plan.commands),
        "machine": machine,
    }
    job = await run_job(client, body, lambda event: _show(screen, event) if plan.aim is Aim.WRITE else None)
    if plan.aim is not Aim.WRITE:  # what is asked for is long, and events have only the end of a long log
        await tell_log(client, job, lambda event: _show(screen, event))
    screen.end()
    _explain(screen, job)
    return job


def _show(screen: Screen, event: Event) -> None:
    if isinstance(event, LogLine):
        screen.log(event.text, event.attempt)
    elif isinstance(event, Progressed):
        screen.progress(event)
    elif isinstance(event, LinesLeftOut):
        screen.say(f"… {event.lines} more lines: ffmill jobs logs {event.job_id}")


def _explain(screen: Screen, job: Job) -> None:
    """Why it failed, after FFmpeg's own lines."""
    if job.status != "failed":
        return
    if job.error is None or job.error.exit_code is None:
        screen.say(job.error_message)
    for line in advice(job):
        screen.say(line)


def exit_code(plan: Plan, job: Job) -> int:
    """What ffmpeg would end with."""
    if job.status == "succeeded":
        return _FAILED if plan.aim is Aim.LOOK else 0
    if job.status == "cancelled":
        return interrupts.INTERRUPTED
    return _FAILED if job.error is None or job.error.exit_code is None else job.error.exit_code


async def _bring_down(client: AsyncFfmill, plan: Plan, root: Path, scratch: Path, job: Job) -> list[str]:
    if not plan.output_files:
        return []
    rooms = Rooms(plan, root, scratch, job.output_files)
    await transfers.download(client, job, rooms.paths, _bars("down", plan))
    return rooms.settle()


def _bars(verb: str, plan: Plan) -> Bars:
    return Bars(verb, silent=not plan.speech.stats)
