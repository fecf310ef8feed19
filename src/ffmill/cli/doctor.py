"""`ffmill doctor`: tries everything that ffmill needs, and says how to mend what does not work."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import typer
from rich.console import Console

from ffmill import programs
from ffmill.cli import doctor_gpu
from ffmill.cli.findings import Finding, table
from ffmill.config import GIB, Settings
from ffmill.db import migrate
from ffmill.db.embedded import EmbeddedPostgres, database_url
from ffmill.db.pool import CONNECT, Connection
from ffmill.errors import CannotStart, FfmillError
from ffmill.sandbox.sandbox import Sandbox
from ffmill.store.store import open_store

CHANNEL = "ffmill_doctor"
PROGRAM_SECONDS = 20
NOTIFY_SECONDS = 3.0
LEAST_FREE_BYTES = GIB
WRITTEN_BYTES = 1 << 16

Check = Callable[[Settings], Awaitable[str]]
"""Says what it found; raises FfmillError with what is wrong and how to mend it."""


def run(settings: Settings) -> None:
    """Prints a table of findings; exit status 1 when something is wrong."""
    findings = asyncio.run(_examine(settings))
    Console().print(table(findings))
    if any(finding.mark == "wrong" for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[Finding]:
    return [await _try(name, check, settings) for name, check in CHECKS.items()] + await doctor_gpu.examine(settings)


async def _try(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(name=name, text=await check(settings), mark="ok")
    except FfmillError as error:
        return Finding(name=name, text=error.message, mark="wrong")
    except OSError as error:
        return Finding(name=name, text=f"{error.strerror}: {error.filename}", mark="wrong")


async def ffmpeg(settings: Settings) -> str:
    """Whether the ffmpeg that jobs use runs."""
    return await asyncio.to_thread(_version, programs.ffmpeg(settings), "FFMILL_FFMPEG")


async def ffprobe(settings: Settings) -> str:
    """Whether the ffprobe that probes media runs."""
    return await asyncio.to_thread(_version, programs.ffprobe(settings), "FFMILL_FFPROBE")


def _version(program: Path, variable: str) -> str:
    try:
        ran = subprocess.run([program, "-version"], check=True, capture_output=True, text=True, timeout=PROGRAM_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotStart(f"{program} does not run ({error}): install ffmill again, or set {variable}") from error
    return f"{ran.stdout.split(' Copyright')[0]} ({program})"


async def cage(settings: Settings) -> str:
    """Which level of confinement is in force, and what would raise it."""
    async with Sandbox.open(settings, 1) as sandbox:
        match sandbox.level:
            case "full":
                return f"full; {_limits(sandbox)}"
            case "landlock":
                raised = "; ".join(sandbox.refusals) or "FFMILL_SANDBOX=auto takes `full` where that works"
                return f"landlock, which hides less of the host than `full`; {_limits(sandbox)}; {raised}"
            case "off":
                return (
                    "off: commands run as the worker's own user, for trusted use only; "
                    "FFMILL_SANDBOX=auto takes the best that works"
                )


def _limits(sandbox: Sandbox) -> str:
    if sandbox.groups:
        return f"memory and threads are limited by control groups, version {sandbox.groups}"
    return "memory and threads are limited by rlimits: control groups are not ours (systemd: Delegate=yes)"


async def database(settings: Settings) -> str:
    """Whether the database answers, passes notifications on and has our schema."""
    if settings.database_url is None and not EmbeddedPostgres(settings.root).is_running():
        return "the embedded PostgreSQL is not running; `ffmill serve` starts it"
    url = database_url(settings)
    try:
        await _check_notifications(url)
        revision = await asyncio.to_thread(migrate.current, url)
    except psycopg.Error as error:
        raise CannotStart(f"{str(error).strip()}: check FFMILL_DATABASE_URL and that the server runs") from error
    if revision != migrate.newest():
        raise CannotStart(f"the schema is at {revision or 'nothing'}, not at {migrate.newest()}: run `ffmill migrate`")
    return f"answers, notifies, schema {revision}"


async def _check_notifications(url: str) -> None:
    """A transaction pooler forgets LISTEN: what is said then is heard by nobody."""
    async with await connect(url) as ear, await connect(url) as mouth:
        await ear.execute(f"LISTEN {CHANNEL}")
        await mouth.execute(f"NOTIFY {CHANNEL}")
        async for _ in ear.notifies(timeout=NOTIFY_SECONDS, stop_after=1):
            return
    raise CannotStart(
        "LISTEN does not work: FFMILL_DATABASE_URL must name PostgreSQL itself or a session pooler, "
        "not a transaction pooler"
    )


async def connect(url: str) -> Connection:
    """A connection of its own, outside of any pool."""
    return await Connection.connect(url, autocommit=True, **CONNECT)  # pyright: ignore[reportArgumentType]


async def store(settings: Settings) -> str:
    """Whether the store keeps, gives and deletes an object."""
    opened = open_store(settings)
    key, content = f"doctor/{uuid4().hex}", uuid4().bytes
    await opened.put_stream(key, _chunks(content), len(content))
    try:
        async with opened.open(key) as chunks:
            if b"".join([chunk async for chunk in chunks]) != content:
                raise CannotStart("the store gave other bytes than it was given: check FFMILL_STORE_URL")
    finally:
        await opened.delete(key)
    return f"keeps, gives and deletes ({settings.effective_store_url})"


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def scratch(settings: Settings) -> str:
    """Whether there is room to work."""
    directory = next(path for path in (settings.scratch_dir, *settings.scratch_dir.parents) if path.is_dir())
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        file.write(bytes(WRITTEN_BYTES))
        file.flush()
        free = shutil.disk_usage(directory).free
    if free < LEAST_FREE_BYTES:
        raise CannotStart(f"{directory} has {free / GIB:.1f} GiB free: make room, or set FFMILL_SCRATCH elsewhere")
    return f"{free / GIB:.0f} GiB free ({directory})"


CHECKS: dict[str, Check] = {
    "ffmpeg": ffmpeg,
    "ffprobe": ffprobe,
    "cage": cage,
    "database": database,
    "store": store,
    "scratch space": scratch,
}
