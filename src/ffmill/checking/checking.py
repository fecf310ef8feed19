"""Looks at a submission as creating a job would, and further, without making one."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

from ffmill.accounts.model import Account
from ffmill.checking import refused
from ffmill.checking.finding import Report
from ffmill.checking.report import report
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest, Forbidden, TooManyRequests, Unavailable
from ffmill.ffmpeg import builds
from ffmill.ffmpeg.build import Build
from ffmill.jobs import references
from ffmill.jobs.model import Submission
from ffmill.jobs.rules import CPU
from ffmill.jobs.submitting import OwnFiles, behind
from ffmill.usage import quotas

MOST_BUILDS = 8  # kept: those of a fleet that is being upgraded
MOST_LONG = 16  # long ones at once, of all accounts
QUICK_CHARACTERS, QUICK_NAMES = 2048, 50  # of commands and files that are checked within some milliseconds
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="checking")  # one, so that long ones wait for each other alone


class Checking:
    """Checks submissions; knows the builds of FFmpeg that are in service."""

    def __init__(self, settings: Settings, pool: Pool, files: OwnFiles) -> None:
        self._machines = settings.machines
        self._pool = pool
        self._files = files
        self._builds: dict[str, Build] = {}
        self._long = set[UUID]()  # accounts whose long submissions are looked at, or wait for that

    async def check(self, account: Account, asked: Submission) -> Report:
        """All that can be said of a submission before it runs.

        Raises Unavailable; TooManyRequests where the account has another long one looked at.
        """
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

        if _is_quick(asked):
            return look()
        with self._turn(account):
            return await asyncio.get_running_loop().run_in_executor(_THREAD, look)

    @contextmanager
    def _turn(self, account: Account) -> Generator[None]:
        """So that no account holds up the others for longer than one of its own takes, which may be seconds."""
        if account.id in self._long:
            raise TooManyRequests("a long job of this account is being validated; try again when that is answered")
        if len(self._long) >= MOST_LONG:
            raise Unavailable("too many long jobs are being validated; try again")
        self._long.add(account.id)
        try:
            yield
        finally:
            self._long.discard(account.id)

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
