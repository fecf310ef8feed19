"""The inputs of an attempt: fetched at once, side by side, and laid where the commands look for them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from ffmill.errors import FailureCode, InputFailed, Refusal, Unavailable
from ffmill.jobs.model import Job
from ffmill.sandbox.workspace import Workspace
from ffmill.store.store import Store
from ffmill.worker.budget import LIMIT, Budget, TooMuch
from ffmill.worker.fetch import fetch
from ffmill.worker.patience import patiently

AT_ONCE = 8
TOO_LARGE = FailureCode.INPUT_TOO_LARGE
LIST = "concat"  # the demuxer of list files, and their suffix: ffconcat


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """A job's inputs, open while its commands run."""

    total_bytes: int


class Sources:
    """Where inputs come from: URLs of the world, and objects of our own store."""

    def __init__(self, session: aiohttp.ClientSession, store: Store, *, limit_bytes: int) -> None:
        self._session = session
        self._store = store
        self._limit_bytes = limit_bytes

    @asynccontextmanager
    async def open(
        self, job: Job, aliases: Mapping[str, str], workspace: Workspace, budget: Budget, most_bytes: int | None = None
    ) -> AsyncGenerator[Inputs]:
        """The job's inputs, each under its alias in `inputs/`, none larger than `most_bytes`; raises InputFailed."""
        turns, limit_bytes = asyncio.Semaphore(AT_ONCE), min(self._limit_bytes, most_bytes or self._limit_bytes)

        async def bring(names: Sequence[str]) -> int:
            paths = [workspace.inputs / aliases[name] for name in names]
            async with turns:
                size = await self._bring(job, names[0], paths[0], budget, limit_bytes)
            for path in paths[1:]:
                path.hardlink_to(paths[0])
            return size * len(names)

        try:
            async with asyncio.TaskGroup() as group:
                sizes = [group.create_task(bring(names)) for names in alike(job)]
        except* (InputFailed, OSError) as failures:
            raise failures.exceptions[0] from failures
        link(job.input_files, aliases, workspace)
        if any(LIST in text for text in (*job.ffmpeg_commands, *job.input_files)):
            link_directories(workspace)
        yield Inputs(total_bytes=sum(task.result() for task in sizes))

    async def _bring(self, job: Job, name: str, path: Path, budget: Budget, limit_bytes: int) -> int:
        key = job.input_keys.get(name)
        if key is None:
            url = job.input_files[name]
            try:
                return await fetch(self._session, url, path, limit_bytes=limit_bytes, budget=budget)
            except InputFailed as error:
                raise InputFailed(f'input "{name}" could not be fetched: {error.message}', error.code) from error
        try:
            return await patiently(lambda: self._copy(name, key, path, budget, limit_bytes))
        except Refusal as error:
            code = FailureCode.WORKER_FAULT if isinstance(error, Unavailable) else None
            raise InputFailed(f'input "{name}" could not be read: {error.message}', code) from error

    async def _copy(self, name: str, key: str, path: Path, budget: Budget, limit_bytes: int) -> int:
        """A file of our own store; begun anew where a try broke off."""
        stat = await self._store.stat(key)
        if stat is None:
            raise InputFailed(f'input "{name}" could not be read: the file behind its URL has been deleted')
        if stat.bytes > limit_bytes:
            raise InputFailed(f'input "{name}" is {stat.bytes} bytes; the most is {limit_bytes} ({LIMIT})', TOO_LARGE)
        path.unlink(missing_ok=True)  # noqa: ASYNC240  # no longer than a system call
        try:
            budget.take(stat.bytes)
        except TooMuch as error:
            raise InputFailed(f'input "{name}" {error}', TOO_LARGE) from error
        try:
            return await self._store.get_file(key, path)
        except BaseException:
            budget.give_back(stat.bytes)
            raise
        finally:
            budget.received += path.stat().st_size if path.exists() else 0  # noqa: ASYNC240  # no longer than a system call


def alike(job: Job) -> list[list[str]]:
    """The names of the inputs, those of one and the same file together: that is brought once, and linked."""
    names = dict[tuple[str, bool], list[str]]()
    for name, url in job.input_files.items():
        key = job.input_keys.get(name)
        names.setdefault((key or url, key is not None), []).append(name)
    return list(names.values())


def link(names: Mapping[str, str], aliases: Mapping[str, str], workspace: Workspace) -> None:
    """Makes every input reachable by its own name too: as `inputs/NAME` and as plain `NAME`.

    Relative links, because a command may name a thousand inputs, and a thousand binds take over a second.
    """
    for name in names:
        alias = aliases[name]
        if alias != name:
            (workspace.inputs / name).symlink_to(alias)
        plain = workspace.work / name
        if not plain.is_symlink() and not plain.exists():
            plain.symlink_to(Path("inputs") / alias)


def link_directories(workspace: Workspace) -> None:
    """Makes the job's directories reachable from within `inputs/`, where a list file that is an input lies.

    ffmpeg takes the paths in it as relative to it (FFmpeg formats documentation, "concat").
    """
    caged = not (workspace.work / "inputs").is_symlink()
    (workspace.inputs / "inputs").symlink_to(".")
    (workspace.inputs / "outputs").symlink_to("../outputs" if caged else "../work/outputs")
