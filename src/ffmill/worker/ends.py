"""How an attempt ends: its result is written, or its job handed back; what it kept for nothing is deleted."""

from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from ffmill.config import Settings
from ffmill.db.patience import patiently
from ffmill.db.pool import Pool
from ffmill.errors import Unavailable
from ffmill.jobs import attempts, repository
from ffmill.jobs.attempts import Claim
from ffmill.jobs.model import Job, Result, Status, Usage
from ffmill.jobs.tickets import Tickets, let_begin
from ffmill.store import prefixes
from ffmill.store.store import Store

LOG = structlog.stdlib.get_logger()


class Ends:
    """Writes ends; every statement is guarded by the attempt, so a worker thought dead changes nothing."""

    def __init__(self, settings: Settings, *, pool: Pool, queue: Tickets, store: Store) -> None:
        self._patience = settings.worker_lost_seconds
        self._pool = pool
        self._queue = queue
        self._store = store

    async def finish(self, claimed: Claim, result: Result) -> None:
        """Writes the end, through an outage of the database too; what a loser kept in the store is deleted."""
        job, done = claimed.job, result.status is Status.SUCCEEDED
        await self._discard(job, range(1, job.attempt if done else job.attempt + 1))  # while the job is still ours
        won = await patiently(partial(self._write, claimed, result), self._patience)
        if not won and done:
            await self._discard_unless_published(job)
        LOG.info("job ended", status=result.status.value, error=result.error_message.partition("\n")[0])

    async def hand_back(self, job: Job, log: str, used: Usage) -> None:
        """Queues the job again, at no cost to it; of one that a client had stopped, log and usage are written."""
        stopped = Result(status=Status.CANCELLED, log=log, usage=used)
        await patiently(partial(self._write_back, job, stopped), self._patience)
        await self._discard_unless_published(job)

    async def _write_back(self, job: Job, stopped: Result) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            if await attempts.hand_back(connection, job):
                await self._queue.issue(connection, job.machine)
                LOG.info("job handed back")
            else:
                await attempts.finish(connection, job, stopped)

    async def _write(self, claimed: Claim, result: Result) -> bool:
        job = claimed.job
        async with self._pool.connection() as connection:
            if job.webhook_url is None and not claimed.has_ceiling:
                return await attempts.finish(connection, job, result)
            async with connection.transaction():
                if won := await attempts.finish(connection, job, result):
                    if job.webhook_url is not None:
                        await self._queue.enqueue_delivery(connection, job.id)
                    await let_begin(connection, self._queue, job)
                return won

    async def _discard_unless_published(self, job: Job) -> None:
        if not await patiently(partial(self._published, job), self._patience):
            await self._discard(job, [job.attempt])

    async def _published(self, job: Job) -> bool:
        """Whether the row names this attempt's outputs: a commit whose answer was lost is a commit."""
        async with self._pool.connection() as connection:
            now = await repository.get_any(connection, job.id)
        return now is not None and now.attempt == job.attempt and now.status is Status.SUCCEEDED

    async def _discard(self, job: Job, numbers: Iterable[int]) -> None:
        """Deletes what these attempts kept: an earlier one was lost after it had, a failed one before it was done.

        Where the store cannot, it is written down, for housekeeping: no attempt has such a number again.
        """
        kept = [prefixes.of_attempt(job.id, attempt) for attempt in numbers]
        try:
            for prefix in kept:
                await self._store.delete_prefix(prefix)
        except Unavailable as error:
            LOG.warning("what an attempt kept for nothing is deleted later", error=error.message)
            await patiently(partial(self._leave, kept), self._patience)

    async def _leave(self, kept: Sequence[str]) -> None:
        async with self._pool.connection() as connection:
            await prefixes.ask(connection, kept)
