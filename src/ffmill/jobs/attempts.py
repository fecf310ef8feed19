"""What workers do to jobs, in SQL: claim, finish, hand back, lose. Every statement is guarded by attempt and status."""

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from ffmill.db.pool import Connection
from ffmill.jobs.failure import Failure, failure_json
from ffmill.jobs.lines import HELD
from ffmill.jobs.model import Job, Progress, Result, Trail
from ffmill.jobs.repository import ENDED_CHANNEL
from ffmill.jobs.rows import job_row, outputs_json

# The statement is in the schema (0002.sql), so that no worker holds its lock over a message that may be late. A worker
# whose row is gone (it was taken for dead) claims nothing: jobs.worker refers to it.
CLAIM = """
SELECT (claimed.job).*, accounts.max_input_bytes, claimed.has_ceiling, claimed.wait_seconds
FROM ffmill_claim_v1(%(machine)s, %(worker)s, %(ticket)s) AS claimed
JOIN accounts ON accounts.id = (claimed.job).account_id
"""

# Primary key. One statement writes the end, its log, what the attempt used, and wakes the waiters. The log is kept
# whoever won. The row is locked first, so that all of it goes by what the row now is, whoever has just changed it. The
# attempt is metered when it ended the job, or was stopped because a client had; not when it was taken
# for lost meanwhile, and never twice: a try whose answer was lost has changed the status.
FINISH = """
WITH held AS MATERIALIZED (
    SELECT * FROM jobs WHERE id = %(id)s AND attempt = %(attempt)s FOR UPDATE
), ended AS (
    UPDATE jobs SET status = %(status)s, error_message = %(error_message)s, error = %(error)s, outputs = %(outputs)s,
           total_input_bytes = %(total_input_bytes)s, total_output_bytes = %(total_output_bytes)s,
           command_index = %(command_index)s, warnings = (jobs.warnings::jsonb || %(warnings)s::jsonb)::json,
           timings = %(timings)s,
           finished_at = now(), updated_at = now(), worker = NULL, ticket = NULL
    FROM held WHERE jobs.id = held.id AND held.status = 'running'
    RETURNING jobs.id, jobs.status
), logged AS (
    INSERT INTO job_logs (job_id, account_id, attempt, log, lines)
    SELECT id, account_id, attempt, %(log)s, %(log_lines)s FROM held
    ON CONFLICT (job_id) DO UPDATE SET attempt = excluded.attempt, log = excluded.log, lines = excluded.lines,
        written_at = excluded.written_at
), metered AS (
    INSERT INTO usage (job_id, attempt, account_id, machine, status, metadata, input_bytes, output_bytes, cpu_seconds,
                       gpu_seconds, wall_seconds, queue_seconds, run_seconds, peak_memory_bytes)
    SELECT held.id, attempt, account_id, machine, coalesce(ended.status, 'cancelled'), metadata, %(input_bytes)s,
           CASE WHEN ended.id IS NULL THEN 0 ELSE coalesce(%(total_output_bytes)s, 0) END, %(cpu_seconds)s,
           %(gpu_seconds)s, extract(epoch FROM clock_timestamp() - started_at),
           extract(epoch FROM started_at - queued_at), %(run_seconds)s, %(peak_memory_bytes)s
    FROM held LEFT JOIN ended ON ended.id = held.id
    WHERE held.status IN ('running', 'cancelled')
      AND started_at IS NOT NULL -- else it was taken for lost, or handed back, before a client cancelled the job
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM job_progress WHERE job_id = %(id)s AND attempt <= %(attempt)s
)
SELECT pg_notify(%(channel)s, id::text) FROM ended
"""

# Primary key. An attempt that we end ourselves, in order, is not counted as lost.
HAND_BACK = f"""
{HELD}, back AS (
    UPDATE jobs SET status = 'queued', started_at = NULL, updated_at = now(), worker = NULL, ticket = NULL
    WHERE id = %s AND attempt = %s AND status = 'running'
    RETURNING machine, account_id
), line AS (
    INSERT INTO lines (machine, account_id) SELECT machine, account_id FROM back, held ON CONFLICT DO NOTHING
)
SELECT FROM back
"""  # noqa: S608 - our own fragments

# Fragments: an attempt that ended without a result costs the job one of those that it may lose.
_LOST = """
    UPDATE jobs SET attempts_lost = attempts_lost + 1, updated_at = now(), worker = NULL, ticket = NULL,
           status        = CASE WHEN attempts_lost + 1 < %(most)s THEN 'queued' ELSE 'failed' END,
           started_at    = CASE WHEN attempts_lost + 1 < %(most)s THEN NULL ELSE started_at END,
           finished_at   = CASE WHEN attempts_lost + 1 < %(most)s THEN NULL ELSE now() END,
           error_message = CASE WHEN attempts_lost + 1 < %(most)s THEN '' ELSE %(message)s END,
           error         = CASE WHEN attempts_lost + 1 < %(most)s THEN NULL ELSE %(error)s::json END
    WHERE status = 'running'
"""
_IN_LINE = """
    RETURNING *
), line AS (
    INSERT INTO lines (machine, account_id) SELECT DISTINCT machine, account_id FROM lost, held WHERE status = 'queued'
    ON CONFLICT DO NOTHING
)
SELECT * FROM lost
"""
# Index jobs_running.
LOSE = f"{HELD}, lost AS ({_LOST} AND worker = ANY(%(workers)s) {_IN_LINE}"
# Primary key.
LOSE_ONE = f"{HELD}, lost AS ({_LOST} AND id = %(id)s AND attempt = %(attempt)s {_IN_LINE}"

# Index jobs_running.
RUNNING = "SELECT id, attempt, ticket FROM jobs WHERE worker = %s AND status = 'running'"

# Primary key; not guarded: news of an older attempt is never shown, because readers compare the attempt.
REPORT = """
INSERT INTO job_progress AS news
    (job_id, attempt, commands_total, command_index, percent, fps, speed, eta_seconds, out_time_seconds, input_bytes,
     frame, bytes_written)
VALUES (%(job)s, %(attempt)s, %(commands_total)s, %(command_index)s, %(percent)s, %(fps)s, %(speed)s, %(eta_seconds)s,
        %(out_time_seconds)s, %(input_bytes)s, %(frame)s, %(bytes_written)s)
ON CONFLICT (job_id) DO UPDATE SET attempt = excluded.attempt, command_index = excluded.command_index,
    percent = excluded.percent, fps = excluded.fps, speed = excluded.speed, eta_seconds = excluded.eta_seconds,
    out_time_seconds = excluded.out_time_seconds, input_bytes = excluded.input_bytes,
    frame = excluded.frame, bytes_written = excluded.bytes_written
WHERE news.attempt <= excluded.attempt
"""

# Primary key. Apart, since most news has neither: a column that is not set keeps its text where it lies.
LEAVE = """
UPDATE job_progress SET log_lines = %(log_lines)s, log_tail = %(log_tail)s, outputs = %(outputs)s
WHERE job_id = %(job)s AND attempt = %(attempt)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A job that is now this worker's, with the time that a waiting client leaves it."""

    job: Job
    has_ceiling: bool  # whether the end of the job may let another one of its account begin
    wait_seconds: float | None  # until the job's wait limit; None without one
    max_input_bytes: int | None = None  # the account's own limit of one input


async def claim(connection: Connection, *, machine: str, worker: UUID, ticket: int) -> Claim | None:
    """Makes the pool's next job this worker's; None when there is none.

    Raises psycopg's ForeignKeyViolation when the worker is no longer registered.
    """
    async with connection.cursor() as cursor:
        await cursor.execute(CLAIM, {"machine": machine, "worker": worker, "ticket": ticket})
        row = await cursor.fetchone()
        if row is None:
            return None
        return Claim(job=job_row(cursor)(row), max_input_bytes=row[-3], has_ceiling=row[-2], wait_seconds=row[-1])


async def finish(connection: Connection, job: Job, result: Result) -> bool:
    """Ends the attempt; False when the job was no longer this attempt's, and nothing but its log was written."""
    values = {
        "id": job.id,
        "attempt": job.attempt,
        "status": result.status,
        "error_message": result.error_message,
        "error": _json(result.error),
        "outputs": Json(outputs_json(result.outputs)),
        "total_input_bytes": result.total_input_bytes,
        "total_output_bytes": sum(output.bytes for output in result.outputs) if result.outputs else None,
        "command_index": result.command_index,
        "warnings": Json(result.warnings),
        "log": result.log,
        "log_lines": result.log_lines,
        "timings": Json(result.timings),
        "channel": ENDED_CHANNEL,
        **asdict(result.usage),
    }
    return await (await connection.execute(FINISH, values)).fetchone() is not None


async def hand_back(connection: Connection, job: Job) -> bool:
    """Queues the job again, at no cost to it; False when it was no longer this attempt's."""
    return await (await connection.execute(HAND_BACK, (job.id, job.attempt))).fetchone() is not None


async def lose(connection: Connection, workers: list[UUID], *, most: int, failure: Failure) -> list[Job]:
    """Queues the jobs of dead workers again, or fails those that lost `most` attempts; the jobs as they now are."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(LOSE, {"workers": workers, **_lost(most, failure)})
        return await cursor.fetchall()


async def lose_one(connection: Connection, key: tuple[UUID, int], *, most: int, failure: Failure) -> Job | None:
    """The same for one attempt, by its job and number; None when that had ended."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(LOSE_ONE, {"id": key[0], "attempt": key[1], **_lost(most, failure)})
        return await cursor.fetchone()


async def running(connection: Connection, worker: UUID) -> dict[tuple[UUID, int], int]:
    """Job and attempt of all that the worker has at work, as the database sees it, each with its ticket."""
    return {(row[0], row[1]): row[2] for row in await (await connection.execute(RUNNING, (worker,))).fetchall()}


async def report(connection: Connection, job: Job, news: Progress, trail: Trail | None = None) -> None:
    """Writes how far the attempt is, and what it has left behind where that is new, as in its first report."""
    key = {"job": job.id, "attempt": job.attempt}
    async with connection.transaction() if trail else nullcontext():
        await connection.execute(REPORT, {**key, "commands_total": len(job.ffmpeg_commands), **asdict(news)})
        if trail:
            left = {"log_lines": trail.log_lines, "log_tail": trail.log_tail}
            await connection.execute(LEAVE, {**key, **left, "outputs": Json(outputs_json(trail.outputs))})


def _lost(most: int, failure: Failure) -> dict[str, Any]:
    return {"most": most, "message": failure.summary, "error": _json(failure)}


def _json(failure: Failure | None) -> Json | None:
    return None if failure is None else Json(failure_json(failure))
