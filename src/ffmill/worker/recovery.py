"""Nothing accepted is lost: jobs of dead workers are queued again, and no queued job is left without a ticket."""

from collections.abc import Iterable
from uuid import UUID

import structlog

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.jobs import attempts, repository
from ffmill.jobs.model import Job, Status
from ffmill.jobs.service import Tickets, ended
from ffmill.worker import registry

LOG = structlog.stdlib.get_logger()

# Indexes jobs_queued and procrastinate_jobs_queue_name_idx_v1. A ticket whose worker died before it claimed a job is
# gone with it, so tickets are counted against queued jobs; one too many finds nothing to do and ends.
MISSING_TICKETS = """
SELECT machine, queued.jobs - coalesce(tickets.waiting, 0)
FROM (SELECT machine, count(*) AS jobs FROM jobs WHERE status = 'queued' GROUP BY machine) AS queued
LEFT JOIN (SELECT queue_name, count(*) AS waiting FROM procrastinate_jobs
           WHERE status = 'todo' AND task_name = 'ticket' GROUP BY queue_name) AS tickets
ON tickets.queue_name = queued.machine
WHERE queued.jobs > coalesce(tickets.waiting, 0)
"""


async def enlist(pool: Pool, queue: Tickets, settings: Settings, *, name: str, machine: str) -> UUID:
    """Registers a worker; what a process of the same name left behind is queued again at once. Gives its id."""
    async with pool.connection() as connection, connection.transaction():
        if dead := await registry.predecessors(connection, name):
            await bury(connection, queue, settings, dead)
        return await registry.register(connection, name=name, machine=machine, concurrency=settings.slots)


async def bury_silent(pool: Pool, queue: Tickets, settings: Settings) -> None:
    """Takes workers for dead whose heartbeat has been gone for too long."""
    async with pool.connection() as connection, connection.transaction():
        if dead := await registry.silent(connection, settings.worker_lost_seconds):
            await bury(connection, queue, settings, dead)


async def bury(connection: Connection, queue: Tickets, settings: Settings, dead: list[UUID]) -> None:
    """Queues the jobs of dead workers again, with tickets, and removes the workers; in the caller's transaction."""
    most = settings.max_attempts
    for job in await attempts.lose(connection, dead, most=most, message=_too_often(most)):
        await _follow(connection, queue, job)
    await registry.remove(connection, dead)


async def drop(pool: Pool, queue: Tickets, settings: Settings, forgotten: Iterable[tuple[UUID, int]]) -> None:
    """Queues the jobs of a live worker again of which it knows nothing, given by job and attempt."""
    most = settings.max_attempts
    for key in forgotten:
        async with pool.connection() as connection, connection.transaction():
            if job := await attempts.lose_one(connection, key, most=most, message=_too_often(most)):
                LOG.warning("a running job was not at work", job=str(job.id), attempt=job.attempt)
                await _follow(connection, queue, job)


async def _follow(connection: Connection, queue: Tickets, job: Job) -> None:
    if job.status is Status.QUEUED:
        await queue.issue(connection, job.machine)
    else:
        await ended(connection, queue, job)


def _too_often(most: int) -> str:
    return f"the worker was lost in each of {most} attempts (FFMILL_MAX_ATTEMPTS); the job may be too heavy for it"


async def cancel_overdue(pool: Pool, queue: Tickets, settings: Settings) -> None:
    """Ends queued jobs whose waiting client's limit has passed."""
    async with pool.connection() as connection, connection.transaction():
        for job in await repository.cancel_overdue(connection, wait_warning(settings)):
            await ended(connection, queue, job)


def wait_warning(settings: Settings) -> str:
    """Why a waited-for job was cancelled."""
    return f"cancelled: it had not finished within the {settings.wait_limit_seconds} s of wait mode"


async def top_up_tickets(pool: Pool, queue: Tickets) -> None:
    """Issues the tickets that queued jobs lack."""
    async with pool.connection() as connection, connection.transaction():
        rows = await (await connection.execute(MISSING_TICKETS)).fetchall()
        for machine, missing in rows:
            await queue.issue(connection, machine, missing)
