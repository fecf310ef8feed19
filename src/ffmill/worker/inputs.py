"""The inputs of an attempt: fetched at once, side by side, and laid where the commands look for them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from ffmill.errors import InputFailed, Refusal
from ffmill.jobs.model import Job
from ffmill.sandbox.workspace import Workspace
from ffmill.store.store import Store
from ffmill.worker.fetch import fetch
from ffmill.worker.patience import patiently

AT_ONCE = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """A job's inputs, open while its commands run."""

    total_bytes: int


class Sources:
    """Where inputs come from: URLs of the world, and objects of our own store."""

    def __init__(self, session: aiohttp.ClientSession, store: Store, *, limit_bytes: int, job_bytes: int) -> None:
        self._session = session
        self._store = store
        self._limit_bytes = limit_bytes
        self._job_bytes = job_bytes

    @asynccontextmanager
    async def open(self, job: Job, aliases: Mapping[str, str], workspace: Workspace) -> AsyncGenerator[Inputs]:
        """The job's inputs, each under its alias in `inputs/`; raises InputFailed."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def bring(name: str) -> int:
            async with turns:
                return await self._bring(job, name, workspace.inputs / aliases[name])

        try:
            async with asyncio.TaskGroup() as group:
                sizes = [group.create_task(bring(name)) for name in job.input_files]
        except* (InputFailed, OSError) as failures:
            raise failures.exceptions[0] from failures
        total = sum(task.result() for task in sizes)
        if total > self._job_bytes:
            raise InputFailed(f"the inputs are {total} bytes; a job may use {self._job_bytes} (FFMILL_MAX_JOB_BYTES)")
        link(job.input_files, aliases, workspace)
        yield Inputs(total_bytes=total)

    async def _bring(self, job: Job, name: str, path: Path) -> int:
        key = job.input_keys.get(name)
        if key is None:
            try:
                return await fetch(self._session, job.input_files[name], path, limit_bytes=self._limit_bytes)
            except InputFailed as error:
                raise InputFailed(f'input "{name}" could not be fetched: {error.message}') from error
        try:
            return await patiently(lambda: self._copy(name, key, path))
        except Refusal as error:
            raise InputFailed(f'input "{name}" could not be read: {error.message}') from error

    async def _copy(self, name: str, key: str, path: Path) -> int:
        """A file of our own store; begun anew where a try broke off."""
        stat = await self._store.stat(key)
        if stat is None:
            raise InputFailed(f'input "{name}" could not be read: the file behind its URL has been deleted')
        if stat.bytes > self._limit_bytes:
            raise InputFailed(
                f'input "{name}" is {stat.bytes} bytes; the most is {self._limit_bytes} (FFMILL_MAX_INPUT_BYTES)'
            )
        path.unlink(missing_ok=True)  # noqa: ASYNC240  # no longer than a system call
        return await self._store.get_file(key, path)


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
