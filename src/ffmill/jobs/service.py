"""What can be done with jobs: submit, get, list, cancel, read the log, wait."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID, uuid4

from ffmill.accounts.model import Account
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest, NotFound, Unavailable
from ffmill.jobs import repository, rules
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job, Status, Submission
from ffmill.jobs.repository import Page

LONG_COMMANDS = 64 << 10  # characters


class Tickets(Protocol):
    """What jobs ask of the engine, inside their own transactions."""

    async def issue(self, connection: Connection, machine: str, count: int = 1) -> None:
        """Issues tickets for a pool."""
        ...

    async def abort(self, connection: Connection, ticket: int) -> None:
        """Stops what a running ticket is spent on."""
        ...

    async def enqueue_delivery(self, connection: Connection, job_id: UUID) -> None:
        """Enqueues the call of a job's webhook."""
        ...


class OwnFiles(Protocol):
    """Which URLs are ours."""

    async def resolve(self, url: str) -> str | None:
        """The object key behind a URL that carries our valid signature; None for any other URL."""
        ...


async def ended(connection: Connection, queue: Tickets, job: Job) -> None:
    """What follows from a job's end, in the transaction that ended it: waiters wake, its webhook is enqueued."""
    await repository.announce_end(connection, job.id)
    if job.webhook_url is not None:
        await queue.enqueue_delivery(connection, job.id)


class Jobs:
    """The jobs of all accounts; every method answers for one account alone."""

    def __init__(self, settings: Settings, pool: Pool, queue: Tickets, files: OwnFiles, endings: Endings) -> None:
        self._settings = settings
        self._pool = pool
        self._queue = queue
        self._files = files
        self._endings = endings

    async def submit(self, account: Account, submission: Submission, *, wait: bool = False) -> Job:
        """Accepts a job: when this returns, it is durable. With `wait`, it is cancelled at the wait limit.

        Raises BadRequest for whatever can be known to be wrong without running it.
        """
        submission = await self._admit(submission)
        timeout = submission.timeout_seconds or self._settings.default_timeout_seconds
        if timeout > self._settings.max_timeout_seconds:
            raise BadRequest(f"timeout_seconds is {timeout}; the most is {self._settings.max_timeout_seconds}")
        input_keys = await self._own(submission.input_files)
        async with self._pool.connection() as connection, connection.transaction():
            job = await repository.insert(
                connection,
                submission,
                job_id=uuid4(),
                account_id=account.id,
                input_keys=input_keys,
                timeout_seconds=timeout,
                wait_seconds=self._settings.wait_limit_seconds if wait else None,
            )
            await self._queue.issue(connection, job.machine)
        return job

    async def get(self, account: Account, job_id: UUID) -> Job:
        """The job with its progress; raises NotFound, for another account's job too."""
        async with self._pool.connection() as connection:
            job = await repository.get(connection, job_id, account.id)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        return job

    async def list(self, account: Account, limit: int, offset: int) -> Page:
        """The account's jobs, newest first."""
        async with self._pool.connection() as connection:
            return await repository.page(connection, account.id, limit=limit, offset=offset)

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

    async def wait(self, job_id: UUID) -> None:
        """Returns when the job has ended; raises Unavailable when that cannot be known any more."""
        async with self._endings.watch(job_id) as changed:
            while not await self._has_ended(job_id):
                await changed.wait()
                changed.clear()

    async def _has_ended(self, job_id: UUID) -> bool:
        async with self._pool.connection() as connection:
            status = await repository.status(connection, job_id)
        if status is None:
            raise Unavailable(f"job {job_id} is gone")
        return Status(status).terminal

    async def _admit(self, submission: Submission) -> Submission:
        """Applies the rules; in a thread where the commands are so long that other requests would feel it."""
        if sum(map(len, submission.ffmpeg_commands)) < LONG_COMMANDS:
            return rules.admit(submission, self._settings.machines)
        return await asyncio.to_thread(rules.admit, submission, self._settings.machines)

    async def _own(self, input_files: Mapping[str, str]) -> dict[str, str]:
        keys = {name: await self._files.resolve(url) for name, url in input_files.items()}
        return {name: key for name, key in keys.items() if key is not None}
