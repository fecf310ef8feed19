"""What clients do to jobs, in SQL: insert, read, cancel. What workers do is in `attempts.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from ffmill.db.pool import Connection
from ffmill.jobs.lines import HELD
from ffmill.jobs.model import Job, Submission
from ffmill.jobs.rows import job_row

ENDED_CHANNEL = "ffmill_job_ended"

# A queued job that no worker will take, as far as is known.
UNATTENDED = """
jobs.status = 'queued' AND NOT EXISTS (
    SELECT FROM workers
    WHERE workers.machine = jobs.machine AND workers.heartbeat_at >= now() - make_interval(secs => %(silent)s)
) AS unattended
"""

# All in one statement, in their order, a microsecond apart. The wait limit is counted by the database's clock.
INSERT = f"""
{HELD}, line AS (
    INSERT INTO lines (machine, account_id) SELECT DISTINCT machine, %(account)s::uuid
    FROM json_to_recordset(%(asked)s) AS asked (machine text), held ON CONFLICT DO NOTHING
)
INSERT INTO jobs (id, account_id, machine, input_files, input_keys, output_files, ffmpeg_commands, webhook_url,
                  timeout_seconds, wait_until, warnings, priority, metadata, program, traceparent, created_at,
                  queued_at)
SELECT id, %(account)s, machine, input_files, input_keys, output_files, ffmpeg_commands, webhook_url, timeout_seconds,
       now() + make_interval(secs => %(wait_seconds)s), warnings, priority, metadata, program,
       %(traceparent)s, times.at, times.at
FROM ROWS FROM (
         json_to_recordset(%(asked)s) AS (
             id uuid, machine text, input_files json, input_keys json, output_files json, ffmpeg_commands json,
             webhook_url text, timeout_seconds integer, warnings json, priority integer, metadata jsonb,
             program text
         )
     ) WITH ORDINALITY AS asked (id, machine, input_files, input_keys, output_files, ffmpeg_commands, webhook_url,
                                 timeout_seconds, warnings, priority, metadata, program, place),
     LATERAL (SELECT now() + (asked.place - 1) * interval '1 microsecond' AS at) AS times
ORDER BY asked.place
RETURNING *, {UNATTENDED}
"""  # noqa: S608 - our own fragments

WITH_NEWS = """
jobs.*, news.command_index AS news_index, news.percent, news.fps, news.speed, news.eta_seconds,
news.out_time_seconds, news.input_bytes AS news_input_bytes, news.frame, news.bytes_written
"""
NEWS = "LEFT JOIN job_progress AS news ON news.job_id = jobs.id AND news.attempt = jobs.attempt"

# Primary key of both tables.
GET = f"""
SELECT {WITH_NEWS}, {UNATTENDED} FROM jobs {NEWS} WHERE jobs.id = %(job)s AND jobs.account_id = %(account)s
"""  # noqa: S608 - our own fragments
GET_MANY = f"""
SELECT {WITH_NEWS}, {UNATTENDED} FROM jobs {NEWS} WHERE jobs.id = ANY(%(jobs)s) AND jobs.account_id = %(account)s
"""  # noqa: S608 - our own fragments

GET_ANY = "SELECT * FROM jobs WHERE id = %s"

# Primary key. The guard is the status: cancel and finish are each one statement, and the first to commit wins.
# `ticket` stays, so that the engine can be asked to abort it.
CANCEL = """
WITH news AS (SELECT command_index, attempt, input_bytes FROM job_progress WHERE job_id = %(job)s)
UPDATE jobs SET status = 'cancelled', finished_at = now(), updated_at = now(), worker = NULL,
       command_index = coalesce((SELECT command_index FROM news WHERE attempt = jobs.attempt), command_index),
       total_input_bytes = (SELECT input_bytes FROM news WHERE attempt = jobs.attempt)
WHERE id = %(job)s AND account_id = %(account)s AND status IN ('queued', 'running')
RETURNING *, ticket
"""

# Index jobs_waited_for.
CANCEL_OVERDUE = """
UPDATE jobs SET status = 'cancelled', finished_at = now(), updated_at = now(),
       warnings = (warnings::jsonb || to_jsonb(%s::text))::json
WHERE status = 'queued' AND wait_until <= now()
RETURNING *
"""

STATUS = "SELECT status FROM jobs WHERE id = %s"

LOG = "SELECT log FROM job_logs JOIN jobs ON jobs.id = job_logs.job_id WHERE jobs.id = %s AND jobs.account_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A submission that has passed the rules, about to become a job."""

    id: UUID
    submission: Submission
    input_keys: Mapping[str, str]  # name → object key, of the inputs that are files of ours
    timeout_seconds: int


async def insert(
    connection: Connection,
    account_id: UUID,
    accepted: Sequence[Accepted],
    *,
    wait_seconds: int | None = None,
    silent_seconds: float,
    traceparent: str | None = None,
) -> list[Job]:
    """Writes queued jobs, all or none, and returns them in their order.

    A worker that is silent for `silent_seconds` counts as dead, here and below.
    """
    values = {
        "account": account_id,
        "wait_seconds": wait_seconds,
        "silent": silent_seconds,
        "traceparent": traceparent,
        "asked": Json([_row(each) for each in accepted]),
    }
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(INSERT, values)
        return await cursor.fetchall()


def _row(accepted: Accepted) -> dict[str, Any]:
    asked = accepted.submission
    return {
        "id": str(accepted.id),
        "machine": asked.machine,
        "input_files": dict(asked.input_files),
        "input_keys": dict(accepted.input_keys),
        "output_files": asked.output_files,
        "ffmpeg_commands": asked.ffmpeg_commands,
        "webhook_url": asked.webhook_url,
        "timeout_seconds": accepted.timeout_seconds,
        "warnings": asked.warnings,
        "priority": asked.priority,
        "metadata": dict(asked.metadata),
        "program": asked.program,
    }


async def get(connection: Connection, job_id: UUID, account_id: UUID, *, silent_seconds: float) -> Job | None:
    """The account's job with its progress; None where there is none."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(GET, {"job": job_id, "account": account_id, "silent": silent_seconds})
        return await cursor.fetchone()


async def get_many(
    connection: Connection, job_ids: Sequence[UUID], account_id: UUID, *, silent_seconds: float
) -> list[Job]:
    """Those of the jobs that are there and the account's, in the order of `job_ids`."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(GET_MANY, {"jobs": list(job_ids), "account": account_id, "silent": silent_seconds})
        found = {job.id: job for job in await cursor.fetchall()}
    return [found[job_id] for job_id in job_ids if job_id in found]


async def get_any(connection: Connection, job_id: UUID) -> Job | None:
    """A job of whichever account, for our own work on it."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(GET_ANY, (job_id,))
        return await cursor.fetchone()


async def cancel(connection: Connection, job_id: UUID, account_id: UUID) -> tuple[Job, int | None] | None:
    """Cancels a job that has not ended; the job and the ticket of its running attempt, None when nothing changed."""
    async with connection.cursor() as cursor:
        await cursor.execute(CANCEL, {"job": job_id, "account": account_id})
        row = await cursor.fetchone()
        if row is None:
            return None
        return job_row(cursor)(row), row[-1]


async def cancel_overdue(connection: Connection, warning: str) -> list[Job]:
    """Cancels the queued jobs whose wait limit has passed, with `warning` added."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(CANCEL_OVERDUE, (warning,))
        return await cursor.fetchall()


async def status(connection: Connection, job_id: UUID) -> str | None:
    """The state of a job; None where there is no such job."""
    row = await (await connection.execute(STATUS, (job_id,))).fetchone()
    return row[0] if row else None


async def log(connection: Connection, job_id: UUID, account_id: UUID) -> str | None:
    """The log of the job's last attempt that ended; None before."""
    row = await (await connection.execute(LOG, (job_id, account_id))).fetchone()
    return row[0] if row else None


async def announce_end(connection: Connection, job_id: UUID) -> None:
    """Wakes whoever waits for the job, when the transaction commits."""
    await connection.execute("SELECT pg_notify(%s, %s)", (ENDED_CHANNEL, str(job_id)))
