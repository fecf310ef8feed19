"""What clients do to jobs, in SQL: insert, read, cancel. What workers do is in `attempts.py`."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Json

from ffmill.db.pool import Connection
from ffmill.jobs.model import Job, Submission
from ffmill.jobs.rows import job_row

PAGE_BYTES = 16 << 20
COUNTED = 10_000
ENDED_CHANNEL = "ffmill_job_ended"

# Primary key. The wait limit is counted by the database's clock.
INSERT = """
INSERT INTO jobs (id, account_id, machine, input_files, input_keys, output_files, ffmpeg_commands, webhook_url,
                  timeout_seconds, wait_until, warnings)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s), %s)
RETURNING *
"""

WITH_NEWS = """
SELECT jobs.*, news.command_index AS news_index, news.percent, news.fps, news.speed, news.eta_seconds,
       news.out_time_seconds
"""
NEWS = "LEFT JOIN job_progress AS news ON news.job_id = jobs.id AND news.attempt = jobs.attempt"

# Primary key of both tables.
GET = f"{WITH_NEWS} FROM jobs {NEWS} WHERE jobs.id = %s AND jobs.account_id = %s"

GET_ANY = "SELECT * FROM jobs WHERE id = %s"

# Index jobs_of_account. The page ends before it grows beyond a number of bytes; its first job is always given.
LIST = f"""
WITH page AS (
    SELECT * FROM jobs WHERE account_id = %(account)s
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
), weighed AS (
    SELECT page.*, row_number() OVER newest AS place, sum(
        octet_length(input_files::text) + octet_length(ffmpeg_commands::text) + 2 * octet_length(outputs::text)
        + 200 * json_array_length(outputs) + octet_length(error_message) + 1000
    ) OVER newest AS bytes_so_far
    FROM page WINDOW newest AS (ORDER BY created_at DESC, id DESC ROWS UNBOUNDED PRECEDING)
)
{WITH_NEWS} FROM weighed AS jobs {NEWS} WHERE place = 1 OR bytes_so_far <= %(bytes)s ORDER BY place
"""  # noqa: S608 - our own fragments

# Index jobs_of_account, at most 10,000 entries of it.
COUNT = "SELECT count(*) FROM (SELECT FROM jobs WHERE account_id = %s LIMIT %s) AS counted"

# Primary key. The guard is the status: cancel and finish are each one statement, and the first to commit wins.
# `ticket` stays, so that the engine can be asked to abort it.
CANCEL = """
UPDATE jobs SET status = 'cancelled', finished_at = now(), updated_at = now(), worker = NULL
WHERE id = %s AND account_id = %s AND status IN ('queued', 'running')
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
class Page:
    """Some of an account's jobs, newest first."""

    jobs: tuple[Job, ...]
    limit: int  # as used
    offset: int
    total: int  # exact up to 10,000
    has_more: bool


async def insert(
    connection: Connection,
    submission: Submission,
    *,
    job_id: UUID,
    account_id: UUID,
    input_keys: dict[str, str],
    timeout_seconds: int,
    wait_seconds: int | None,
) -> Job:
    """Writes a queued job and returns it."""
    values = (
        job_id,
        account_id,
        submission.machine,
        Json(dict(submission.input_files)),
        Json(input_keys),
        Json(submission.output_files),
        Json(submission.ffmpeg_commands),
        submission.webhook_url,
        timeout_seconds,
        wait_seconds,
        Json(submission.warnings),
    )
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(INSERT, values)
        job = await cursor.fetchone()
    assert job is not None  # noqa: S101 - RETURNING after a plain INSERT
    return job


async def get(connection: Connection, job_id: UUID, account_id: UUID) -> Job | None:
    """The account's job with its progress; None where there is none."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(GET, (job_id, account_id))
        return await cursor.fetchone()


async def get_any(connection: Connection, job_id: UUID) -> Job | None:
    """A job of whichever account, for our own work on it."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(GET_ANY, (job_id,))
        return await cursor.fetchone()


async def page(connection: Connection, account_id: UUID, *, limit: int, offset: int) -> Page:
    """The account's jobs from `offset` on, newest first, at most `limit` or 16 MiB of them."""
    asked = {"account": account_id, "limit": limit, "offset": offset, "bytes": PAGE_BYTES}
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(LIST, asked)
        jobs = tuple(await cursor.fetchall())
    counted = await (await connection.execute(COUNT, (account_id, COUNTED))).fetchone()
    total = int(counted[0]) if counted else 0
    # beyond what is counted, a full page is the only sign that there is more
    more = offset + len(jobs) < total or (total == COUNTED and len(jobs) == limit)
    cut = 0 < len(jobs) < limit and more
    return Page(jobs=jobs, limit=len(jobs) if cut else limit, offset=offset, total=total, has_more=more)


async def cancel(connection: Connection, job_id: UUID, account_id: UUID) -> tuple[Job, int | None] | None:
    """Cancels a job that has not ended; the job and the ticket of its running attempt, None when nothing changed."""
    async with connection.cursor() as cursor:
        await cursor.execute(CANCEL, (job_id, account_id))
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
