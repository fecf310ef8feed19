"""What is deleted when its time is over, in SQL: a batch at a time, each account by its own terms.

A batch of what owns files takes two statements: the first one locks, the second decides (`jobs/references.py`). What
somebody else has locked comes with another batch.
"""

from uuid import UUID

from ffmill.db.pool import Connection
from ffmill.jobs.model import Job
from ffmill.jobs.references import UNREFERENCED
from ffmill.jobs.rows import job_row
from ffmill.store.prefixes import ASK

BATCH = 200  # rows: with logs of 4 MiB each, within the time limit of a statement
SMALL_ROWS = 10_000

_ASK_OUTPUTS = ASK.format(prefixes="SELECT 'outputs/' || id || '/' FROM gone")  # as prefixes.of_job has it

# A batch of the oldest rows of a table that are due, over all accounts, by the index on account and age; locked, so
# that one that changes meanwhile is looked at again. No term is so long that the time it means cannot be told.
_DUE = """
SELECT due.id FROM accounts CROSS JOIN LATERAL (
    SELECT {table}.{id} AS id FROM {table}
    WHERE {table}.account_id = accounts.id AND {conditions}
      AND {table}.{age} < now() - least(coalesce(accounts.{term}, %(days)s), 100000) * interval '24 hours'
    ORDER BY {table}.{age} LIMIT %(most)s FOR UPDATE SKIP LOCKED
) AS due LIMIT %(most)s
"""
_NOBODY_READS_JOB = UNREFERENCED.format(owner="jobs.id")
# Unique index on job_id and event of deliveries.
_DELIVERED = "NOT EXISTS (SELECT FROM deliveries WHERE deliveries.job_id = jobs.id AND deliveries.state = 'pending')"
_NOBODY_READS_UPLOAD = UNREFERENCED.format(owner="tmp_files.id")

# Index jobs_with_files.
DUE_OUTPUTS = _DUE.format(
    table="jobs",
    id="id",
    age="finished_at",
    term="keep_outputs_days",
    conditions=f"jobs.status = 'succeeded' AND jobs.files_deleted_at IS NULL AND {_NOBODY_READS_JOB}",
)
# Primary key.
DELETE_OUTPUTS = f"""
WITH gone AS (
    UPDATE jobs SET files_deleted_at = now(), outputs = '[]', updated_at = now()
    WHERE id = ANY(%(ids)s) AND files_deleted_at IS NULL AND {_NOBODY_READS_JOB}
    RETURNING id
), asked AS ({_ASK_OUTPUTS})
SELECT count(*) FROM gone
"""  # noqa: S608 - our own fragments, here and below

# Index tmp_files_by_age.
DUE_UPLOADS = _DUE.format(
    table="tmp_files", id="id", age="created_at", term="keep_uploads_days", conditions=_NOBODY_READS_UPLOAD
)
# Primary key.
DELETE_UPLOADS = f"""
WITH gone AS (
    DELETE FROM tmp_files WHERE id = ANY(%(ids)s) AND {_NOBODY_READS_UPLOAD} RETURNING id
), asked AS ({ASK.format(prefixes="SELECT 'tmp/' || id || '/' FROM gone")})
SELECT count(*) FROM gone
"""  # noqa: S608

# Index job_logs_by_age.
DUE_LOGS = _DUE.format(table="job_logs", id="job_id", age="written_at", term="keep_logs_days", conditions="true")
DELETE_LOGS = f"DELETE FROM job_logs WHERE job_id = ANY(ARRAY({DUE_LOGS}))"  # noqa: S608

# Index jobs_of_account, in whose order they come; by the status, all that are due would be sorted for every batch.
DUE_JOBS = _DUE.format(
    table="jobs",
    id="id",
    age="created_at",
    term="keep_jobs_days",
    conditions=f"jobs.finished_at IS NOT NULL AND {_NOBODY_READS_JOB} AND {_DELIVERED}",
)
# Primary keys; logs, deliveries and references go with it. What it used is in the ledger, for ever.
DELETE_JOBS = f"""
WITH gone AS (
    DELETE FROM jobs WHERE id = ANY(%(ids)s) AND finished_at IS NOT NULL AND {_NOBODY_READS_JOB} AND {_DELIVERED}
    RETURNING id
), asked AS ({_ASK_OUTPUTS}
), forgotten AS (
    DELETE FROM job_progress WHERE job_id IN (SELECT id FROM gone)
)
SELECT count(*) FROM gone
"""  # noqa: S608

# Index jobs_probes. Whoever asked has been answered, or will not be.
DUE_PROBES = """
SELECT id FROM jobs WHERE program = 'ffprobe' AND finished_at < now() - interval '10 minutes'
ORDER BY finished_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""

# Small tables: that of the jobs that wait, and that of who called within the hour.
DELETE_REFERENCES = """
DELETE FROM file_references USING (
    SELECT job_id, owner_id FROM file_references JOIN jobs ON jobs.id = job_id
    WHERE jobs.status IN ('succeeded', 'failed', 'cancelled') LIMIT %(most)s
) AS ended
WHERE file_references.job_id = ended.job_id AND file_references.owner_id = ended.owner_id
"""
DELETE_IDLE_RATES = """
DELETE FROM rate_limits WHERE full_at < now() - interval '1 hour' AND key = ANY(ARRAY(
    SELECT key FROM rate_limits WHERE full_at < now() - interval '1 hour' LIMIT %(most)s
))
"""

# Primary key. The owner's wish goes before references: a job that needs one of the files fails, and names it.
DELETE_FILES = f"""
WITH gone AS (
    UPDATE jobs SET files_deleted_at = now(), outputs = '[]', updated_at = now()
    WHERE id = %(job)s AND account_id = %(account)s AND status IN ('succeeded', 'failed', 'cancelled')
      AND files_deleted_at IS NULL
    RETURNING *
), asked AS ({_ASK_OUTPUTS})
SELECT * FROM gone
"""  # noqa: S608


async def expire_outputs(connection: Connection, *, days: float) -> int:
    """Marks the files of a batch of jobs as deleted; the number of jobs. In a transaction, as all here.

    `days` is the setting; an account's own term goes before it.
    """
    return await _expire(connection, DUE_OUTPUTS, DELETE_OUTPUTS, days)


async def expire_uploads(connection: Connection, *, days: float) -> int:
    """Deletes a batch of temporary files, uploaded to or not."""
    return await _expire(connection, DUE_UPLOADS, DELETE_UPLOADS, days)


async def expire_jobs(connection: Connection, *, days: float) -> int:
    """Deletes a batch of jobs that have ended, with all that belongs to them."""
    return await _expire(connection, DUE_JOBS, DELETE_JOBS, days)


async def forget_probes(connection: Connection) -> int:
    """Deletes a batch of probes that ended a while ago, as those whose API process died before it had answered."""
    return await _expire(connection, DUE_PROBES, DELETE_JOBS)


async def delete_job(connection: Connection, job_id: UUID) -> None:
    """Deletes one job that has ended, with all that belongs to it; in a transaction."""
    await connection.execute(DELETE_JOBS.encode(), {"ids": [job_id]})


async def expire_logs(connection: Connection, *, days: float) -> int:
    """Deletes a batch of logs."""
    return (await connection.execute(DELETE_LOGS.encode(), {"days": days, "most": BATCH})).rowcount


async def forget_references(connection: Connection) -> int:
    """Deletes references of jobs that have ended."""
    return (await connection.execute(DELETE_REFERENCES, {"most": SMALL_ROWS})).rowcount


async def forget_idle_rates(connection: Connection) -> int:
    """Deletes the buckets of those who have not called for an hour: they are full, as new ones are."""
    return (await connection.execute(DELETE_IDLE_RATES, {"most": SMALL_ROWS})).rowcount


async def _expire(connection: Connection, due: str, delete: str, days: float | None = None) -> int:
    rows = await (await connection.execute(due.encode(), {"days": days, "most": BATCH})).fetchall()
    if not rows:
        return 0
    counted = await (await connection.execute(delete.encode(), {"ids": [row[0] for row in rows]})).fetchone()
    return counted[0] if counted else 0


async def delete_files(connection: Connection, job_id: UUID, account_id: UUID) -> Job | None:
    """Marks the files of the account's job as deleted; the job, None when it has not ended, or they were before."""
    async with connection.cursor(row_factory=job_row) as cursor:
        await cursor.execute(DELETE_FILES.encode(), {"job": job_id, "account": account_id})
        return await cursor.fetchone()
