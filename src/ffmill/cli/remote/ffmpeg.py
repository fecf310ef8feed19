"""`ffmill ffmpeg`: an ffmpeg command that runs elsewhere, as if it ran here."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ffmill.cli.local import stops
from ffmill.cli.local.analysis import analyse
from ffmill.cli.local.files import Disk
from ffmill.cli.local.plan import Aim, Plan
from ffmill.cli.local.speech import speech
from ffmill.cli.local.stops import Stop
from ffmill.cli.remote import connection, hints, interrupts, overwriting, pipes, planned, transfers, writability
from ffmill.cli.remote.bars import Bars
from ffmill.cli.remote.following import run_job, tell_log
from ffmill.cli.remote.json_of import plain
from ffmill.cli.remote.keeping import keep
from ffmill.cli.remote.printable import printable
from ffmill.cli.remote.screen import Screen
from ffmill.cli.remote.service import opened
from ffmill.client import AsyncFfmill, Event, Job, LinesLeftOut, LogLine, Progressed
from ffmill.jobs import options

_FAILED = 1
_USAGE = (
    "Universal media converter",
    "usage: ffmpeg [options] [[infile options] -i infile]... {[outfile options] outfile}...",
    "",
    "Use ffmill ffmpeg --help for what ffmill adds, and ffmill ffmpeg -h for FFmpeg's own help",
)


def run(words: Sequence[str], *, machine: str = "cpu", as_json: bool = False) -> int:
    """Runs a command in the current directory; the exit code ffmpeg would have; raises the client's errors."""
    root = Path.cwd()
    try:
        plan = _plan(words, root)
        if as_json and (plan.to_stdout or plan.tells_progress):
            raise stops.not_both_on_stdout()
        writability.check(plan, root)
        where = connection.find(directory=root)
        work = _run(where, plan, root, machine=machine, as_json=as_json)
        return interrupts.run(work, interrupts.INTERRUPTED)
    except Stop as stop:
        return _stopped(stop, words, as_json=as_json)
    except KeyboardInterrupt:  # while standard input was read for a list or an answer
        return interrupts.INTERRUPTED


def _plan(words: Sequence[str], root: Path) -> Plan:
    if not words:
        raise Stop(_USAGE, _FAILED)
    return analyse(words, Disk(root=root))


def _stopped(stop: Stop, words: Sequence[str], *, as_json: bool) -> int:
    if not speech(options.read(words)).is_silent:
        sys.stderr.writelines(f"{printable(line)}\n" for line in stop.lines)
    if as_json:
        print(json.dumps({"error": {"message": stop.message, "exit_code": stop.exit_code}}))  # noqa: T201
    return stop.exit_code


async def _run(where: connection.Connection, plan: Plan, root: Path, *, machine: str, as_json: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="ffmill-") as scratch:
        async with opened(where) as client:
            is_open = await _ask(client, plan, root, machine)
            urls = await _bring_up(client, plan, root)
            screen = Screen(plan, sys.stdout if plan.aim is Aim.ANSWER and not as_json else sys.stderr)
            job = await _job(client, planned.body(plan, urls, machine), plan, screen)
            _explain(screen, job, plan, root)
            if is_open and job.status == "succeeded":
                await overwriting.check(plan, root, ask=pipes.answer)
            files = await keep(client, plan, root, Path(scratch), job) if job.status == "succeeded" else []
    code = exit_code(plan, job)
    if as_json:
        print(json.dumps({"job": plain(job), "exit_code": code, "files": files}))  # noqa: T201
    return code


async def _ask(client: AsyncFfmill, plan: Plan, root: Path, machine: str) -> bool:
    """Asks before anything goes up whether outputs may be overwritten; whether that is still to be asked.

    FFmpeg asks once it has understood the command, so where it will not, nothing is asked yet. Raises Stop.
    """
    if not overwriting.is_open(plan, root):
        return False
    if not (await client.validate_body(planned.unsent(plan, machine))).valid:
        return True
    await overwriting.check(plan, root, ask=pipes.answer)
    return False


async def _bring_up(client: AsyncFfmill, plan: Plan, root: Path) -> Mapping[str, str]:
    for path in plan.strays:  # said though all is to be quiet: a list may come from a stranger
        sys.stderr.write(f"{printable(path)} goes up: a list names it\n")
    try:
        return await transfers.upload(client, plan.inputs, root, Bars("up", silent=not plan.speech.stats))
    except asyncio.CancelledError:
        sys.stderr.write("\ninterrupted while files went up: there is no job\n")
        raise
    except OSError as error:
        raise stops.unreadable(str(error.filename), error) from error


async def _job(client: AsyncFfmill, body: Mapping[str, object], plan: Plan, screen: Screen) -> Job:
    job = await run_job(client, body, lambda event: _show(screen, event) if plan.aim is Aim.WRITE else None)
    if plan.aim is not Aim.WRITE:  # what is asked for is long, and events have only the end of a long log
        await tell_log(client, job, lambda event: _show(screen, event))
    screen.end()
    return job


def _show(screen: Screen, event: Event) -> None:
    if isinstance(event, LogLine):
        screen.log(event.text, event.attempt)
    elif isinstance(event, Progressed):
        screen.progress(event)
    elif isinstance(event, LinesLeftOut):
        screen.say(f"… {event.lines} more lines: ffmill jobs logs {event.job_id}")


def _explain(screen: Screen, job: Job, plan: Plan, root: Path) -> None:
    """Why it failed, after FFmpeg's own lines."""
    if job.status != "failed":
        return
    if job.error is None or job.error.exit_code is None:
        screen.say(job.error_message)
    for line in hints.advice(plan, job, root):
        screen.tell(line)


def exit_code(plan: Plan, job: Job) -> int:
    """What ffmpeg would end with."""
    if job.status == "succeeded":
        return _FAILED if plan.aim is Aim.LOOK else 0
    if job.status == "cancelled":
        return interrupts.INTERRUPTED
    return _FAILED if job.error is None or job.error.exit_code is None else job.error.exit_code
