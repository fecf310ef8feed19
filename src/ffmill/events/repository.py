"""What streams look at, in SQL: one statement for all that an API process watches, and what an account's jobs ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import tuple_row

from ffmill.db.pool import Connection
from ffmill.jobs.model import Job
from ffmill.jobs.repository import UNATTENDED
from ffmill.jobs.rows import job_row

MOST_ENDED = 100  # read whole at once
MOST_BYTES = 4 << 20  # of them, as they are stored: mostly compressed
LOG_CHARACTERS = 256 << 10  # of the log of one that has ended
LATELY_SECONDS = 5  # a job is looked for so long after it was created: its commit may have been under way
MOST_LATELY = 1000

# What a whole job takes, as it is stored: all else of it is small.
_BYTES = "pg_column_size(ffmpeg_commands) + pg_column_size(input_files) + pg_column_size(outputs) + 1000"

# Primary keys of jobs, job_progress and job_logs; for accounts, indexes jobs_at_work and jobs_by_status. LATERAL with
# a LIMIT has the planner look each job up, whatever it thinks of their number. What is wide is read of jobs that have
# ended alone, and a tail only where the log has grown: all else is NULL.
READ = f"""
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(jobs)s::uuid[], %(attempts)s::integer[], %(lines)s::integer[], %(logs)s::boolean[])
        AS asked (id, attempt, lines, with_log)
), accounts AS MATERIALIZED (
    SELECT * FROM unnest(%(accounts)s::uuid[], %(account_logs)s::boolean[]) AS accounts (id, with_log)
), others AS (
    SELECT running.id FROM accounts CROSS JOIN LATERAL (
        SELECT jobs.id FROM jobs
        WHERE jobs.account_id = accounts.id AND jobs.status = 'running' AND jobs.program = 'ffmpeg'
    ) AS running
    UNION
    SELECT lately.id FROM accounts CROSS JOIN LATERAL (
        SELECT jobs.id FROM jobs
        WHERE jobs.account_id = accounts.id AND jobs.status = 'queued' AND jobs.program = 'ffmpeg'
          AND jobs.created_at > now() - interval '{LATELY_SECONDS} seconds'
        ORDER BY jobs.created_at DESC, jobs.id DESC LIMIT {MOST_LATELY}
    ) AS lately
    UNION
    SELECT ended.id FROM unnest(%(heard)s::uuid[]) AS heard (id) CROSS JOIN LATERAL (
        SELECT jobs.id, jobs.account_id FROM jobs WHERE jobs.id = heard.id AND jobs.program = 'ffmpeg' LIMIT 1
    ) AS ended
    JOIN accounts ON accounts.id = ended.account_id
), found AS (
    SELECT * FROM asked
    UNION ALL
    SELECT id, NULL, NULL, NULL FROM others WHERE id NOT IN (SELECT id FROM asked)
), seen AS MATERIALIZED (
    SELECT job.*, coalesce(found.with_log, false) OR coalesce(accounts.with_log, false) AS with_log,
           found.attempt AS known_attempt, found.lines AS known_lines,
           row_number() OVER ended AS place, sum(job.bytes) OVER (ended ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM found CROSS JOIN LATERAL (
        SELECT jobs.id, jobs.account_id, jobs.program = 'ffmpeg' AS listed, jobs.status, jobs.machine, {UNATTENDED},
               jobs.attempt, jobs.command_index, jobs.created_at, jobs.updated_at, jobs.finished_at,
               CASE WHEN jobs.finished_at IS NOT NULL THEN
                   {_BYTES}
               END AS bytes
        FROM jobs WHERE jobs.id = found.id LIMIT 1
    ) AS job
    LEFT JOIN accounts ON accounts.id = job.account_id
    WINDOW ended AS ( -- those that have not come last; what somebody asked for goes before what was heard of
        ORDER BY job.finished_at IS NULL, found.attempt IS NULL, job.finished_at, job.created_at, job.id
    )
)
SELECT time.clock, seen.id AS seen_id, seen.account_id AS seen_account, seen.listed, seen.with_log,
       seen.status AS seen_status, seen.machine AS seen_machine, seen.unattended, seen.attempt AS seen_attempt,
       coalesce(news.command_index, seen.command_index) AS seen_index, seen.updated_at AS seen_updated_at,
       news.attempt AS news_attempt, news.commands_total, news.percent, news.fps, news.speed, news.eta_seconds,
       news.out_time_seconds, news.frame, news.bytes_written, coalesce(log.lines, news.log_lines, 0) AS log_lines,
       news.outputs::text AS stored,
       CASE
           WHEN log.text IS NOT NULL THEN log.text
           WHEN seen.with_log AND (seen.known_attempt, seen.known_lines) IS DISTINCT FROM (seen.attempt, news.log_lines)
           THEN news.log_tail
       END AS log_tail,
       jobs.*
FROM (SELECT now() AS clock) AS time
LEFT JOIN seen ON true
LEFT JOIN LATERAL (
    SELECT * FROM job_progress WHERE job_progress.job_id = seen.id AND job_progress.attempt = seen.attempt LIMIT 1
) AS news ON true
LEFT JOIN LATERAL (
    SELECT * FROM jobs WHERE jobs.id = seen.id AND seen.finished_at IS NOT NULL AND seen.place <= {MOST_ENDED}
      AND (seen.place = 1 OR seen.bytes_so_far <= {MOST_BYTES}) LIMIT 1
) AS jobs ON true
LEFT JOIN LATERAL (
    SELECT right(log, {LOG_CHARACTERS}) AS text,
           coalesce(lines, length(log) - length(replace(log, E'\\n', ''))) AS lines
    FROM job_logs WHERE job_logs.job_id = jobs.id AND seen.with_log
      AND coalesce(job_logs.attempt, seen.attempt) = seen.attempt LIMIT 1
) AS log ON true
ORDER BY seen.place
"""  # noqa: S608 - our own fragments and numbers

# Index jobs_ended. The page ends before it grows beyond a number of bytes; its first job is always given.
ENDED = f"""
WITH page AS (
    SELECT * FROM jobs
    WHERE account_id = %(account)s AND finished_at IS NOT NULL AND (finished_at, id) > (%(time)s, %(id)s)
      AND program = 'ffmpeg'
    ORDER BY finished_at, id LIMIT {MOST_ENDED}
), weighed AS (
    SELECT page.*, row_number() OVER ended AS place, sum(
        {_BYTES}
    ) OVER (ended ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM page WINDOW ended AS (ORDER BY finished_at, id)
)
SELECT * FROM weighed WHERE place = 1 OR bytes_so_far <= {MOST_BYTES} ORDER BY place
"""  # noqa: S608 - our own numbers

# Primary key of api_keys.
VALID = """
SELECT id FROM api_keys WHERE id = ANY(%s) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""


class Known(NamedTuple):
    """What is known of a job: the attempt whose log was read, so many lines of it, and whether that is wanted."""

    attempt: int
    lines: int
    with_log: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is looked at."""

    jobs: Mapping[UUID, Known]
    accounts: Mapping[UUID, bool]  # whether the logs of all its jobs are wanted
    heard: Sequence[UUID]  # jobs of whichever account that have ended


Row = tuple[Any, ...]
"""The clock, narrow columns, the tail of the log where it has grown, all of `jobs` where the job has ended."""

ID, ACCOUNT, NARROW, STATUS, TAIL, WHOLE = 1, 2, 3, 5, 22, 23  # columns; by those from NARROW to TAIL a change is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was there."""

    clock: datetime  # of the database, when the statement began
    columns: tuple[str, ...]  # what they are called; of those called alike the last counts
    rows: list[Row]


async def read(connection: Connection, question: Question, *, silent_seconds: float) -> Answer:
    """All that is looked at, as it is now. A worker that is silent for `silent_seconds` counts as dead."""
    known = question.jobs.values()
    values = {
        "jobs": _array(question.jobs),
        "attempts": _array(each.attempt for each in known),
        "lines": _array(each.lines for each in known),
        "logs": _array(each.with_log for each in known),
        "accounts": _array(question.accounts),
        "account_logs": _array(question.accounts.values()),
        "heard": _array(question.heard),
        "silent": silent_seconds,
    }
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(READ.encode(), values)
        rows = await cursor.fetchall()
        names = tuple(column.name for column in cursor.description or ())
    return Answer(clock=rows[0][0], columns=names, rows=[row for row in rows if row[ID] is not None])


async def ended(connection: Connection, account_id: UUID, time: datetime, job_id: UUID) -> list[Job]:
    """Some of the account's jobs that have ended, in their order, after the job that ended at that time."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(ENDED.encode(), {"account": account_id, "time": time, "id": job_id})
        return await cursor.fetchall()


async def valid(connection: Connection, keys: Sequence[UUID]) -> set[UUID]:
    """Those of the API keys that still are good."""
    return {row[0] for row in await (await connection.execute(VALID, (list(keys),))).fetchall()}


def _array(values: Iterable[UUID | int]) -> str:
    """An array of plain words, as PostgreSQL reads it: psycopg looks at every value of a list, for longer."""
    return f"{{{','.join(map(str, values))}}}"
