"""What all event streams of an API process look at, read by one statement every half second, however many they are.

Nothing is queued for a stream: it keeps how far it has told, and compares that with what was seen last. So one that is
slow costs nothing, and misses what is no longer so.
"""

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from uuid import UUID

import structlog

from ffmill.db.pool import UNREACHABLE, Pool
from ffmill.events import repository, rows
from ffmill.events.repository import ID, STATUS, WHOLE, Answer, Known, Question, Row
from ffmill.events.seen import Seen
from ffmill.events.watches import AccountWatch, Channel, JobWatch, Watch
from ffmill.jobs.endings import Endings, Heard
from ffmill.jobs.model import Status

LOG = structlog.stdlib.get_logger()
READ_SECONDS = 0.5
SOONEST_SECONDS = 0.05  # after a look, the next for a stream that is new
KEYS_SECONDS = 60.0  # between looks at the keys of the streams: so long a revoked one may still read


class Feed:
    """Reads while there are streams."""

    def __init__(self, pool: Pool, endings: Endings, silent_seconds: float) -> None:
        self._pool = pool
        self._endings = endings
        self._silent_seconds = silent_seconds
        self._jobs: dict[UUID, set[JobWatch]] = {}
        self._channels: dict[UUID, Channel] = {}
        self._seen: dict[UUID, tuple[Row, Seen]] = {}  # with the narrow row that it was made of
        self._heard = set[UUID]()  # ended jobs that are not read yet
        self._gaps = 0
        self._keys_at = float("-inf")
        self._wanted = asyncio.Event()
        self._new = asyncio.Event()  # set when a stream has seen nothing yet

    def streams(self, account_id: UUID) -> int:
        """How many streams of the account are open in this process."""
        return sum(watch.account_id == account_id for watch in self._watches())

    @contextmanager
    def job(self, job_id: UUID, account_id: UUID, key_id: UUID | None, *, with_log: bool) -> Generator[JobWatch]:
        """A look at the account's job, until left."""
        watch = JobWatch(account_id, key_id, with_log=with_log)
        watches = self._jobs.setdefault(job_id, set())
        watches.add(watch)
        if kept := self._seen.get(job_id):
            watch.see(kept[1])
        else:
            self._new.set()
        self._wanted.set()
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches:
                self._jobs.pop(job_id, None)
            self._rest()

    @contextmanager
    def account(self, account_id: UUID, key_id: UUID | None, *, with_log: bool) -> Generator[AccountWatch]:
        """A look at all jobs of an account, until left."""
        channel = self._channels.setdefault(account_id, Channel())
        watch = AccountWatch(channel, account_id, key_id, with_log=with_log)
        channel.watches.add(watch)
        self._new.set()
        self._wanted.set()
        try:
            yield watch
        finally:
            channel.watches.discard(watch)
            if not channel.watches:
                self._channels.pop(account_id, None)
            self._rest()

    async def run(self) -> None:
        """Reads for as long as there are streams, until cancelled."""
        while True:
            await self._wanted.wait()
            with self._endings.hear() as heard:
                self._gaps = heard.gaps
                while self._wanted.is_set():
                    self._new.clear()
                    await self._try(heard)
                    await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(SOONEST_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_SECONDS - SOONEST_SECONDS):
                await self._new.wait()

    async def _try(self, heard: Heard) -> None:
        """Streams stay open whatever happens to the database, and go on afterwards."""
        try:
            await self.step(heard)
        except UNREACHABLE as error:
            LOG.warning("what event streams look at was not read", error=str(error).strip())
        except Exception:
            LOG.exception("what event streams look at was not read")

    async def step(self, heard: Heard) -> None:
        """Reads once; every so often, looks at the keys too."""
        self._hear(heard)
        question = self._question()
        async with self._pool.connection() as connection:
            answer = await repository.read(connection, question, silent_seconds=self._silent_seconds)
            self._heard -= set(question.heard)
            self._take(question, answer)
            now = asyncio.get_running_loop().time()
            if now - self._keys_at > KEYS_SECONDS:
                keys = {watch.key_id for watch in self._watches() if watch.key_id is not None}
                self._let_go(keys - await repository.valid(connection, list(keys)))
                self._keys_at = now

    def _hear(self, heard: Heard) -> None:
        self._heard |= heard.ids
        heard.ids.clear()
        if not self._channels:
            self._heard.clear()
        if heard.gaps != self._gaps:
            self._gaps = heard.gaps
            for channel in self._channels.values():
                channel.miss()

    def _question(self) -> Question:
        jobs = {job_id: self._known(job_id, watches) for job_id, watches in self._jobs.items() if not _over(watches)}
        for channel in self._channels.values():  # what was at work may be queued again
            at_work = (job_id for job_id, seen in channel.live.items() if seen.status is Status.RUNNING)
            jobs |= {job_id: self._known(job_id) for job_id in at_work if job_id not in jobs}
        accounts = {account_id: channel.with_log for account_id, channel in self._channels.items()}
        return Question(jobs=jobs, accounts=accounts, heard=list(self._heard))

    def _known(self, job_id: UUID, watches: Iterable[Watch] = ()) -> Known:
        with_log = any(watch.with_log for watch in watches)
        if (kept := self._seen.get(job_id)) is None or kept[1].tail is None:
            return Known(attempt=0, lines=-1, with_log=with_log)
        return Known(attempt=kept[1].attempt, lines=kept[1].log_lines, with_log=with_log)

    def _take(self, question: Question, answer: Answer) -> None:
        """Gives every stream what it looks at."""
        before, self._seen = self._seen, {}
        ended: list[Seen] = []
        for row in answer.rows:
            job_id, kept, narrow = row[ID], before.get(row[ID]), rows.narrow(row)
            if kept is not None and kept[0] == narrow:
                self._seen[job_id] = kept
            elif row[WHOLE] is None and Status(row[STATUS]).terminal:  # of too many; it is read with the next
                self._heard.add(job_id)
                if kept is not None:
                    self._seen[job_id] = kept
            else:
                seen = rows.seen_of(row, answer.columns, kept and kept[1])
                self._show(seen)
                if seen.job is None:
                    self._seen[job_id] = narrow, seen
                else:
                    ended.append(seen)
        self._end_missing(question.jobs.keys() - {row[ID] for row in answer.rows})
        self._fill_channels(ended, answer)

    def _show(self, seen: Seen) -> None:
        for watch in self._jobs.get(seen.id, ()):
            watch.see(seen)

    def _end_missing(self, gone: Iterable[UUID]) -> None:
        """Jobs whose time was over while somebody looked at them."""
        for job_id in gone:
            for watch in self._jobs.get(job_id, ()):
                watch.close()

    def _fill_channels(self, ended: Iterable[Seen], answer: Answer) -> None:
        live: dict[UUID, dict[UUID, Seen]] = {account_id: {} for account_id in self._channels}
        over: dict[UUID, list[Seen]] = {account_id: [] for account_id in self._channels}
        for _, seen in self._seen.values():
            if seen.listed and seen.account_id in live:
                live[seen.account_id][seen.id] = seen
        for seen in ended:
            if seen.listed and seen.account_id in over:
                over[seen.account_id].append(seen)
        for account_id, channel in self._channels.items():
            channel.look(live[account_id], over[account_id], None if self._heard else answer.clock)

    def _let_go(self, revoked: set[UUID]) -> None:
        for watch in self._watches():
            if watch.key_id in revoked:
                watch.close()

    def _watches(self) -> list[Watch]:
        return [
            *(watch for watches in self._jobs.values() for watch in watches),
            *(watch for channel in self._channels.values() for watch in channel.watches),
        ]

    def _rest(self) -> None:
        if not self._jobs and not self._channels:
            self._wanted.clear()
            self._seen.clear()


def _over(watches: Iterable[JobWatch]) -> bool:
    """Whether all of them have seen the job's end."""
    return all(watch.seen is not None and watch.seen.job is not None for watch in watches)
