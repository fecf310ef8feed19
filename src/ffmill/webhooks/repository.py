"""Deliveries in SQL: recorded with the engine's task, read, counted once, begun again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from ffmill.db.pool import Connection
from ffmill.jobs.rows import job_of
from ffmill.webhooks.model import Answered, Attempt, Call, Counted, Delivery, State, Waiting

MOST_ATTEMPTS = 100  # of a delivery that are shown

# The engine's own function. In the statement that makes a round due: there is never one without the other.
_DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY(
    SELECT ROW(%(queue)s, %(task)s, 0, NULL, NULL, jsonb_build_object('delivery_id', id, 'round', round),
               NULL)::procrastinate_job_to_defer_v1
    FROM due
))
"""

# Primary key of jobs; unique index on job_id and event. A job that has its record gets no other.
RECORD = f"""
WITH due AS (
    INSERT INTO deliveries (job_id, url)
    SELECT id, webhook_url FROM jobs WHERE id = %(job)s AND webhook_url IS NOT NULL
    ON CONFLICT (job_id, event) DO NOTHING
    RETURNING id, round
)
{_DEFER}
"""  # noqa: S608 - our own fragments

# Primary keys. A call that is under way for the round before is not counted any more.
BEGIN_AGAIN = f"""
WITH due AS (
    UPDATE deliveries SET state = 'pending', round = round + 1, tries = 0, next_try_at = NULL, delivered_at = NULL
    FROM jobs
    WHERE deliveries.id = %(delivery)s AND jobs.id = deliveries.job_id AND jobs.account_id = %(account)s
    RETURNING deliveries.id, round
)
{_DEFER}
"""  # noqa: S608 - our own fragments

# Primary keys. Of the job only what is needed: with its commands it may have megabytes.
WAITING = """
SELECT url, account_id, next_try_at, now() AS now FROM deliveries JOIN jobs ON jobs.id = job_id
WHERE deliveries.id = %s AND round = %s AND state = 'pending'
"""

# Primary keys.
CALL = """
SELECT jobs.*, deliveries.tries, deliveries.url, now() AS now FROM deliveries JOIN jobs ON jobs.id = job_id
WHERE deliveries.id = %s AND round = %s AND state = 'pending'
"""

# Primary key. The guard is the number of tries: of two workers that called for the same try one is counted. After the
# last try there is no pause left, and so no next time.
COUNT = """
WITH counted AS (
    UPDATE deliveries SET tries = tries + 1, calls = calls + 1,
           state = CASE WHEN %(error)s::text IS NULL THEN 'delivered'
                        WHEN tries < cardinality(%(pauses)s::float8[]) THEN 'pending' ELSE 'failed' END,
           delivered_at = CASE WHEN %(error)s::text IS NULL THEN now() END,
           next_try_at = CASE WHEN %(error)s::text IS NOT NULL THEN
               now() + make_interval(secs => (%(pauses)s::float8[])[tries + 1] * (1 + random() / 5)) END
    WHERE id = %(delivery)s AND round = %(round)s AND tries = %(tries)s AND state = 'pending'
    RETURNING id, calls, state, next_try_at
), written AS (
    INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_seconds, status_code, error, answer)
    SELECT id, calls, %(at)s, %(seconds)s, %(status)s, %(error)s, %(answer)s FROM counted
)
SELECT state, next_try_at FROM counted
"""

_COLUMNS = "deliveries.id, job_id, event, url, state, deliveries.created_at, next_try_at, delivered_at"

# Primary key of jobs; unique index on job_id and event. One row without an id: the job has none.
OF_JOB = f"""
SELECT {_COLUMNS} FROM jobs LEFT JOIN deliveries ON job_id = jobs.id
WHERE jobs.id = %s AND account_id = %s ORDER BY deliveries.created_at
"""  # noqa: S608 - our own fragments

# Primary keys.
GET = f"""
SELECT {_COLUMNS} FROM deliveries JOIN jobs ON jobs.id = job_id WHERE deliveries.id = %s AND account_id = %s
"""  # noqa: S608 - our own fragments

# Primary key, backwards.
ATTEMPTS = """
SELECT number, started_at, duration_seconds, status_code, error, answer FROM delivery_attempts
WHERE delivery_id = %s ORDER BY number DESC LIMIT %s
"""


async def record(connection: Connection, job_id: UUID, *, queue: str, task: str) -> None:
    """Writes the delivery of a job's end and enqueues its task, if the job has a webhook and has none yet."""
    await connection.execute(RECORD, {"job": job_id, "queue": queue, "task": task})


async def begin_again(connection: Connection, delivery_id: UUID, account_id: UUID, *, queue: str, task: str) -> bool:
    """Begins a new round of the account's delivery, whatever its state, with a task; whether there is such a one."""
    values = {"delivery": delivery_id, "account": account_id, "queue": queue, "task": task}
    row = await (await connection.execute(BEGIN_AGAIN, values)).fetchone()
    return row is not None and row[0] is not None


async def waiting(connection: Connection, delivery_id: UUID, round_number: int) -> Waiting | None:
    """When and beside whom the delivery may be made; None when it is not pending, or in a later round."""
    cursor = connection.cursor(row_factory=class_row(Waiting))
    return await (await cursor.execute(WAITING, (delivery_id, round_number))).fetchone()


async def call(connection: Connection, delivery_id: UUID, round_number: int) -> Call | None:
    """What to deliver now; None when it is not pending, or in a later round."""
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(CALL, (delivery_id, round_number))).fetchone()
    if row is None:
        return None
    return Call(
        delivery_id=delivery_id,
        round=round_number,
        tries=row["tries"],
        at=row["now"],
        url=row["url"],
        job=job_of(row),
    )


async def count(connection: Connection, made: Call, answered: Answered, pauses: Sequence[float]) -> Counted | None:
    """Writes what became of a call, and when it is made again if it must be: after the next of the pauses, in seconds,
    up to a fifth longer. None when another call was counted for that try.
    """
    values = {
        "delivery": made.delivery_id,
        "round": made.round,
        "tries": made.tries,
        "pauses": list(pauses),
        "at": made.at,
        "seconds": answered.duration_seconds,
        "status": answered.status_code,
        "error": answered.error,
        "answer": answered.answer,
    }
    row = await (await connection.execute(COUNT, values)).fetchone()
    return Counted(state=State(row[0]), next_try_at=row[1]) if row else None


async def of_job(connection: Connection, job_id: UUID, account_id: UUID) -> list[Delivery] | None:
    """The deliveries of the account's job; None where there is no such job."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(OF_JOB, (job_id, account_id))).fetchall()
    if not rows:
        return None
    return [await _delivery(connection, row) for row in rows if row["id"] is not None]


async def get(connection: Connection, delivery_id: UUID, account_id: UUID) -> Delivery | None:
    """The account's delivery with that id; None where there is none."""
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(GET, (delivery_id, account_id))).fetchone()
    return await _delivery(connection, row) if row else None


async def _delivery(connection: Connection, row: Mapping[str, Any]) -> Delivery:
    cursor = connection.cursor(row_factory=class_row(Attempt))
    attempts = await (await cursor.execute(ATTEMPTS, (row["id"], MOST_ATTEMPTS))).fetchall()
    given: dict[str, Any] = {**row, "state": State(row["state"])}
    return Delivery(**given, attempts=tuple(reversed(attempts)))
