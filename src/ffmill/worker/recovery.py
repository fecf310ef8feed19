"""Nothing accepted is lost: jobs of dead workers are queued again, and no queued job is left without a ticket."""

from collections.abc import Iterable
from uuid import UUID

import structlog

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import FailureCode
from ffmill.jobs import attempts, idempotency, lines, repository
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job, Status
from ffmill.jobs.tickets import Tickets, ended
from ffmill.queue.engine import Queue
from ffmill.worker import registry
from ffmill.worker.registry import Registration

LOG = structlog.stdlib.get_logger()

# Indexes jobs_queued, jobs_at_work and procrastinate_jobs_queue_name_idx_v1. A ticket whose worker died before it
# claimed a job is gone with it, so tickets are counted against the queued jobs that no ceiling holds back; one too many
# finds nothing to do and ends.
MISSING_TICKETS = """
WITH at_work AS (
    SELECT account_id, count(*) AS jobs FROM jobs WHERE status = 'running' GROUP BY account_id
), queued_by_account AS (
    SELECT machine, account_id, count(*) AS jobs FROM jobs WHERE status = 'queued' GROUP BY machine, account_id
), queued AS (
    SELECT machine,
           sum(least(q.jobs, greatest(coalesce(max_running - coalesce(at_work.jobs, 0), q.jobs), 0)))::bigint AS jobs
    FROM queued_by_account AS q JOIN accounts ON accounts.id = q.account_id
    LEFT JOIN at_work ON at_work.account_id = q.account_id GROUP BY machine
)
SELECT machine, queued.jobs - coalesce(tickets.waiting, 0)
FROM queued
LEFT JOIN (SELECT queue_name, count(*) AS waiting FROM procrastinate_jobs
           WHERE status = 'todo' AND task_name = 'ticket' GROUP BY queue_name) AS tickets
ON tickets.queue_name = queued.machine
WHERE queued.jobs > coalesce(tickets.waiting, 0)
"""


# Primary key.
DUE = """
UPDATE chores SET done_at = now()
WHERE name = 'housekeeping' AND done_at <= now() - make_interval(secs => %s) RETURNING name
"""


async def enlist(pool: Pool, queue: Tickets, settings: Settings, newcomer: Registration) -> UUID:
    """Registers a worker; what a process of the same name left behind is queued again at once. Gives its id."""
    async with pool.connection() as connection, connection.transaction():
        if dead := await registry.predecessors(connection, newcomer.name):
            await bury(connection, queue, settings, dead)
        return await registry.register(connection, newcomer)


async def is_due(pool: Pool, seconds: float) -> bool:
    """Whether the housekeeping for all workers is the caller's: nobody has taken it for so many seconds."""
    async with pool.connection() as connection:
        return await (await connection.execute(DUE, (seconds,))).fetchone() is not None


async def bury_silent(pool: Pool, queue: Tickets, settings: Settings) -> None:
    """Takes workers for dead whose heartbeat has been gone for too long."""
    async with pool.connection() as connection, connection.transaction():
        if dead := await registry.silent(connection, settings.worker_lost_seconds):
            await bury(connection, queue, settings, dead)


async def bury(connection: Connection, queue: Tickets, settings: Settings, dead: list[UUID]) -> None:
    """Queues the jobs of dead workers again, with tickets, and removes the workers; in the caller's transaction."""
    most = settings.max_attempts
    for job in await attempts.lose(connection, dead, most=most, failure=_too_often(most)):
        await _follow(connection, queue, job)
    await registry.remove(connection, dead)


async def drop(pool: Pool, queue: Tickets, settings: Settings, forgotten: Iterable[tuple[UUID, int]]) -> None:
    """Queues the jobs of a live worker again of which it knows nothing, given by job and attempt."""
    most = settings.max_attempts
    for key in forgotten:
        async with pool.connection() as connection, connection.transaction():
            if job := await attempts.lose_one(connection, key, most=most, failure=_too_often(most)):
                LOG.warning("a running job was not at work", job=str(job.id), attempt=job.attempt)
                await _follow(connection, queue, job)


async def _follow(connection: Connection, queue: Tickets, job: Job) -> None:
    if job.status is Status.QUEUED:
        await queue.issue(connection, job.machine)
    else:
        await ended(connection, queue, job)


def _too_often(most: int) -> Failure:
    return Failure(
        code=FailureCode.WORKER_LOST,
        stage=Stage.QUEUE,
        summary=f"the worker was lost in each of {most} attempts (FFMILL_MAX_ATTEMPTS); the job may be too heavy",
        hint="send it again with less to do at once: a smaller picture, fewer filters, or several jobs in place of one",
    )


async def cancel_overdue(pool: Pool, queue: Tickets, settings: Settings) -> None:
    """Ends queued jobs whose waiting client's limit has passed."""
    async with pool.connection() as connection, connection.transaction():
        for job in await repository.cancel_overdue(connection, wait_warning(settings)):
            await ended(connection, queue, job)


def wait_warning(settings: Settings) -> str:
    """Why a waited-for job was cancelled."""
    return f"cancelled: it had not finished within the {settings.wait_limit_seconds} s of wait mode"


async def keep_house(pool: Pool, queue: Queue, settings: Settings) -> None:
    """All that is done for all workers, one thing after the other."""
    await bury_silent(pool, queue, settings)
    await cancel_overdue(pool, queue, settings)
    await queue.mend(settings.worker_lost_seconds)
    await top_up_tickets(pool, queue)
    await tidy(pool)


async def tidy(pool: Pool) -> None:
    """Removes lines in which nobody stands, and keys of requests that nobody may repeat any more."""
    async with pool.connection() as connection, connection.transaction():
        await lines.sweep(connection)
    async with pool.connection() as connection:
        await idempotency.forget(connection)


async def top_up_tickets(pool: Pool, queue: Tickets) -> None:
    """Issues the tickets that queued jobs lack."""
    async with pool.connection() as connection, connection.transaction():
        rows = await (await connection.execute(MISSING_TICKETS)).fetchall()
        for machine, missing in rows:
            await queue.issue(connection, machine, missing)
