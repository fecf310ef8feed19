"""What can be done with jobs: submit, get, list, cancel, read the log, wait."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from uuid import UUID

from ffmill.accounts.model import Account
from ffmill.config import Settings
from ffmill.db.patience import patiently
from ffmill.db.pool import Pool
from ffmill.errors import NotFound, Unavailable
from ffmill.jobs import listing, probing, repository
from ffmill.jobs.endings import Endings
from ffmill.jobs.idempotency import Repeatable
from ffmill.jobs.listing import EVERYTHING, Filter, Page, Place
from ffmill.jobs.model import Job, Status, Submission
from ffmill.jobs.submitting import OwnFiles, Submitting
from ffmill.jobs.tickets import Tickets, ended

LOOK_SECONDS = 30.0  # between looks at a job of which nothing is heard
PATIENCE_SECONDS = 30.0  # with a database that cannot be reached: one that is restarted takes less


class Jobs:
    """The jobs of all accounts; every method answers for one account alone."""

    def __init__(self, settings: Settings, pool: Pool, queue: Tickets, files: OwnFiles, endings: Endings) -> None:
        self._settings = settings
        self._silent_seconds = settings.worker_lost_seconds
        self._pool = pool
        self._queue = queue
        self._endings = endings
        self._submitting = Submitting(settings, pool, queue, files)

    async def submit(
        self, account: Account, asked: Submission, *, wait: bool = False, request: Repeatable | None = None
    ) -> Job:
        """Accepts a job: when this returns, it is durable. With `wait`, it is cancelled at the wait limit.

        Raises BadRequest for whatever can be known to be wrong without running it; Conflict when `request` repeats
        another one's key.
        """
        limit = self._settings.wait_limit_seconds if wait else None
        return (await self._submitting.submit(account, [asked], wait_seconds=limit, request=request))[0]

    async def probe(self, account: Account, url: str, *, timeout_seconds: int | None = None) -> Job:
        """Accepts a probe of what is behind the URL, as `submit` does; it is cancelled when it takes too long."""
        asked = probing.submission(account, url, self._settings.machines, timeout_seconds)
        return (await self._submitting.submit(account, [asked], wait_seconds=probing.WAIT_SECONDS, request=None))[0]

    async def submit_batch(
        self, account: Account, asked: Sequence[Submission], *, request: Repeatable | None = None
    ) -> Sequence[Job]:
        """Accepts all of the jobs or none, as `submit` does; they begin in their order."""
        return await self._submitting.submit(account, asked, wait_seconds=None, request=request)

    async def get(self, account: Account, job_id: UUID) -> Job:
        """The job with its progress; raises NotFound, for another account's job too."""
        async with self._pool.connection() as connection:
            job = await repository.get(connection, job_id, account.id, silent_seconds=self._silent_seconds)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        return job

    async def list(
        self, account: Account, limit: int, *, offset: int = 0, after: Place | None = None, asked: Filter = EVERYTHING
    ) -> Page:
        """The account's jobs that are asked for, newest first, from `offset` on or those after a place."""
        async with self._pool.connection() as connection:
            return await listing.page(
                connection,
                account.id,
                limit=limit,
                offset=offset,
                after=after,
                asked=asked,
                silent_seconds=self._silent_seconds,
            )

    async def cancel(self, account: Account, job_id: UUID) -> Job:
        """Cancels the job if it has not ended, and returns it; raises NotFound."""
        async with self._pool.connection() as connection, connection.transaction():
            cancelled = await repository.cancel(connection, job_id, account.id)
            if cancelled is not None:
                job, ticket = cancelled
                if ticket is not None:
                    await self._queue.abort(connection, ticket)
                await ended(connection, self._queue, job)
                return job
        return await self.get(account, job_id)

    async def logs(self, account: Account, job_id: UUID) -> str:
        """The log of the job's last attempt; empty before one has ended. Raises NotFound."""
        async with self._pool.connection() as connection:
            log = await repository.log(connection, job_id, account.id)
        if log is None:
            await self.get(account, job_id)
        return log or ""

    async def wait(self, account: Account, job_id: UUID) -> Job:
        """The job, once it has ended; through an outage of the database, if that is not long.

        Raises Unavailable or NotFound when the job's end cannot be known any more.
        """
        async with self._endings.watch(job_id) as changed:
            while not await patiently(partial(self._has_ended, job_id), PATIENCE_SECONDS):
                with suppress(TimeoutError):  # a notice may be lost, or none come because nobody can listen
                    await asyncio.wait_for(changed.wait(), LOOK_SECONDS)
                changed.clear()
        return await patiently(partial(self.get, account, job_id), PATIENCE_SECONDS)

    async def _has_ended(self, job_id: UUID) -> bool:
        async with self._pool.connection() as connection:
            status = await repository.status(connection, job_id)
        if status is None:
            raise Unavailable(f"job {job_id} is gone")
        return Status(status).terminal
