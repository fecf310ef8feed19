"""What all event streams of an API process look at, read by one statement every second, however many they are.

Nothing is queued for a stream: it keeps how far it has told, and compares that with what was seen last. So one that is
slow costs nothing, and misses what is no longer so.
"""

import asyncio
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import structlog

from ffmill.db.pool import UNREACHABLE, Connection, Pool
from ffmill.events import repository, rows
from ffmill.events.backlog import Backlog
from ffmill.events.ends import Ends
from ffmill.events.repository import ACCOUNT, ID, STATUS, WHOLE, Answer, Known, Question, Row
from ffmill.events.seen import Seen, finished
from ffmill.events.watches import AccountWatch, Channel, JobWatch, Watch
from ffmill.jobs.endings import Endings, Heard
from ffmill.jobs.model import Status

LOG = structlog.stdlib.get_logger()
READ_SECONDS = 1.0
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
        self._backlog = Backlog()
        self._bad = set[UUID]()  # jobs whose rows could not be taken
        self._gaps = 0
        self._turns = asyncio.Lock()
        self.ends = Ends()
        self._keys_at = float("-inf")
        self._wanted = asyncio.Event()

    async def turn(self) -> None:
        """Returns when a stream may build its next piece: one of all on each turn of the loop."""
        async with self._turns:
            await asyncio.sleep(0)

    def streams(self, account_id: UUID) -> int:
        """How many streams of the account are open in this process."""
        return sum(watch.account_id == account_id for watch in self._watches())

    @contextmanager
    def job(
        self, job_id: UUID, account_id: UUID, key_id: UUID | None, *, with_log: bool, resumed: bool = False
    ) -> Generator[JobWatch]:
        """A look at the account's job, until left. One that is resumed may know more than was seen last."""
        watch = JobWatch(account_id, key_id, with_log=with_log, ready=not resumed)
        watches = self._jobs.setdefault(job_id, set())
        watches.add(watch)
        if not resumed and (kept := self._seen.get(job_id)):
            watch.see(kept[1])
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
                    await self._try(heard)
                    await asyncio.sleep(READ_SECONDS)

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
            answer = await self._read(connection, question)
            self._take(question, answer)
            now = asyncio.get_running_loop().time()
            if now - self._keys_at > KEYS_SECONDS:
                keys = {watch.key_id for watch in self._watches() if watch.key_id is not None}
                self._let_go(keys - await repository.valid(connection, list(keys)))
                self._keys_at = now

    async def _read(self, connection: Connection, question: Question) -> Answer:
        try:
            return await repository.read(connection, question, silent_seconds=self._silent_seconds)
        except Exception:
            self._backlog.failed()
            raise

    def _hear(self, heard: Heard) -> None:
        self._backlog.hear(heard.ids)
        heard.ids.clear()
        self._backlog.keep(self._channels)
        if heard.gaps != self._gaps:
            self._gaps = heard.gaps
            for channel in self._channels.values():
                channel.miss()

    def _question(self) -> Question:
        jobs = {job_id: self._known(job_id, watches) for job_id, watches in self._jobs.items() if not _over(watches)}
        for watch in (watch for watches in self._jobs.values() for watch in watches):
            watch.ready = True
        for channel in self._channels.values():  # what was at work may be queued again
            at_work = (job_id for job_id, seen in channel.live.items() if seen.status is Status.RUNNING)
            jobs |= {job_id: self._known(job_id) for job_id in at_work if job_id not in jobs}
        accounts = {account_id: channel.with_log for account_id, channel in self._channels.items()}
        return Question(jobs=jobs, accounts=accounts, heard=self._backlog.next())

    def _known(self, job_id: UUID, watches: Iterable[Watch] = ()) -> Known:
        with_log = any(watch.with_log for watch in watches)
        if (kept := self._seen.get(job_id)) is None or kept[1].tail is None:
            return Known(attempt=0, lines=-1, with_log=with_log)
        return Known(attempt=kept[1].attempt, lines=kept[1].log_lines, with_log=with_log)

    def _take(self, question: Question, answer: Answer) -> None:
        """Gives every stream what it looks at. A row that cannot be taken ends the streams of its job, and no other."""
        before, self._seen = self._seen, {}
        self._backlog.done(question.heard)
        ended: list[Seen] = []
        for row in answer.rows:
            try:
                seen = self._take_row(row, answer.columns, before.get(row[ID]))
            except Exception:
                self._refuse(row[ID])
            else:
                ended += [seen] if seen is not None and seen.job is not None else []
        self._end_missing(question.jobs.keys() - {row[ID] for row in answer.rows})
        self._fill_channels(ended, set(question.heard), answer.clock)

    def _take_row(self, row: Row, columns: Sequence[str], kept: tuple[Row, Seen] | None) -> Seen | None:
        """The job in it, unless that is read later, or nobody looks at it any more: what is kept then grows old."""
        job_id, narrow = row[ID], rows.narrow(row)
        if job_id not in self._jobs and row[ACCOUNT] not in self._channels:
            return None
        if row[WHOLE] is None and Status(row[STATUS]).terminal:  # of too many; it is read with the next
            self._backlog.put_off(row[ACCOUNT], job_id)
            if kept is not None:
                self._seen[job_id] = kept
            return None
        seen = kept[1] if kept is not None and kept[0] == narrow else rows.seen_of(row, columns, kept and kept[1])
        self._show(seen)
        if seen.job is None:
            self._seen[job_id] = narrow, seen
        return seen

    def _refuse(self, job_id: UUID) -> None:
        if job_id not in self._bad:
            LOG.exception("what a job has become was not understood", job=str(job_id))
        self._bad.add(job_id)
        self._end_missing([job_id])

    def _show(self, seen: Seen) -> None:
        for watch in self._jobs.get(seen.id, ()):
            if watch.ready and watch.seen is not seen:
                watch.see(seen)

    def _end_missing(self, gone: Iterable[UUID]) -> None:
        """Jobs whose time was over while somebody looked at them."""
        for job_id in gone:
            for watch in self._jobs.get(job_id, ()):
                watch.close()

    def _fill_channels(self, ended: Iterable[Seen], heard: Collection[UUID], clock: datetime) -> None:
        """An end is an account's news where it was heard of, or was awaited: not where a stream looks at an old job."""
        live: dict[UUID, dict[UUID, Seen]] = {account_id: {} for account_id in self._channels}
        for _, seen in self._seen.values():
            if seen.listed and seen.account_id in live:
                live[seen.account_id][seen.id] = seen
        over: dict[UUID, list[Seen]] = {account_id: [] for account_id in self._channels}
        for seen in sorted(ended, key=lambda seen: finished(seen.job)):
            channel = self._channels.get(seen.account_id)
            if seen.listed and channel and (seen.id in heard or seen.id in channel.live):
                over[seen.account_id].append(seen)
        for account_id, channel in self._channels.items():
            late = self._backlog.holds(account_id)
            channel.look(live[account_id], over[account_id], None if late else clock)

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
            self._bad.clear()


def _over(watches: Iterable[JobWatch]) -> bool:
    """Whether all of them have seen the job's end."""
    return all(watch.seen is not None and watch.seen.job is not None for watch in watches)
