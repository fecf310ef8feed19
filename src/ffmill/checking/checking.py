"""Looks at a submission as creating a job would, and further, without making one."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor

from ffmill.accounts.model import Account
from ffmill.checking import refused
from ffmill.checking.finding import Report
from ffmill.checking.report import report
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest, Forbidden
from ffmill.ffmpeg import builds
from ffmill.ffmpeg.build import Build
from ffmill.jobs import references
from ffmill.jobs.model import Submission
from ffmill.jobs.rules import CPU
from ffmill.jobs.submitting import OwnFiles, behind
from ffmill.usage import quotas

MOST_BUILDS = 8  # kept: those of a fleet that is being upgraded
QUICK_CHARACTERS, QUICK_NAMES = 2048, 50  # of commands and files that are checked within some milliseconds
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="checking")  # one, so that long ones wait for each other alone


class Checking:
    """Checks submissions; knows the builds of FFmpeg that are in service."""

    def __init__(self, settings: Settings, pool: Pool, files: OwnFiles) -> None:
        self._machines = settings.machines
        self._pool = pool
        self._files = files
        self._builds: dict[str, Build] = {}

    async def check(self, account: Account, asked: Submission) -> Report:
        """All that can be said of a submission before it runs. Raises Unavailable."""
        names = {url: name for name, url in asked.input_files.items()}
        ours = await behind(self._files, names)
        keys = {key: names[url] for url, key in ours.items() if isinstance(key, str)}
        async with self._pool.connection() as connection:
            build = await self._build(connection, asked.machine if asked.machine in self._machines else CPU)
            spent = [refusal async for refusal in _spent(connection, account, keys)]
        refusals = [*(key for key in ours.values() if isinstance(key, BadRequest)), *spent]

        def look() -> Report:
            found = refused.read(asked, self._machines, account.terms)
            found.problems.extend(map(refused.refused, refusals))
            return report(asked, found, build)

        return look() if _is_quick(asked) else await asyncio.get_running_loop().run_in_executor(_THREAD, look)

    async def _build(self, connection: Connection, machine: str) -> Build | None:
        """The build that runs the commands of a machine, read once."""
        key = await builds.in_service(connection, machine)
        if key is None or key in self._builds:
            return self._builds.get(key or "")
        build = await builds.get(connection, key)
        if build is not None:
            if len(self._builds) >= MOST_BUILDS:
                self._builds.clear()
            self._builds[key] = build
        return build


def _is_quick(asked: Submission) -> bool:
    characters = sum(map(len, asked.ffmpeg_commands))
    return characters <= QUICK_CHARACTERS and len(asked.input_files) + len(asked.output_files) <= QUICK_NAMES


async def _spent(
    connection: Connection, account: Account, keys: Mapping[str, str]
) -> AsyncGenerator[BadRequest | Forbidden]:
    """Refusals for what the account has used up, and for files of ours that are gone or too large for it."""
    owned = {key: name for key, name in keys.items() if references.owner_of(key)}
    for look in (
        lambda: quotas.check(connection, account),
        lambda: references.lock(connection, keys),
        lambda: quotas.check_inputs(connection, account, owned),
    ):
        try:
            await look()
        except (BadRequest, Forbidden) as refusal:
            yield refusal
