"""What jobs ask of the engine, and what follows from the end of a job."""

from typing import Protocol
from uuid import UUID

from ffmill.db.pool import Connection
from ffmill.jobs import lines, repository
from ffmill.jobs.model import Job
from ffmill.store import prefixes

STOPPED_SECONDS = 3600  # by then an attempt that is being stopped keeps nothing more


class Tickets(Protocol):
    """What jobs ask of the engine, inside their own transactions."""

    async def issue(self, connection: Connection, machine: str, count: int = 1) -> None:
        """Issues tickets for a pool."""
        ...

    async def abort(self, connection: Connection, ticket: int) -> None:
        """Stops what a running ticket is spent on."""
        ...

    async def enqueue_delivery(self, connection: Connection, job_id: UUID) -> None:
        """Records that a job's end is to be delivered to its webhook, and enqueues that."""
        ...


async def ended(connection: Connection, queue: Tickets, job: Job) -> None:
    """What follows from a job's end that no attempt of it wrote, in the transaction that ended it: waiters wake, its
    webhook is enqueued, what its account's ceiling held back may begin, and what attempts may have kept is to go."""
    await repository.announce_end(connection, job.id)
    if job.webhook_url is not None:
        await queue.enqueue_delivery(connection, job.id)
    await let_begin(connection, queue, job)
    if job.attempt > 0:
        await prefixes.ask(connection, [prefixes.of_job(job.id)], in_seconds=STOPPED_SECONDS)


async def let_begin(connection: Connection, queue: Tickets, ended_job: Job) -> None:
    """Issues tickets for the jobs that the account's ceiling held back while this one was at work."""
    for machine in await lines.held_back(connection, ended_job.account_id):
        await queue.issue(connection, machine)
