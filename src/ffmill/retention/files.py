"""The files of a job, deleted because nobody wants them any more."""

from uuid import UUID

from ffmill.accounts.model import Account
from ffmill.db.pool import Pool
from ffmill.errors import Conflict
from ffmill.jobs.model import Job
from ffmill.jobs.service import Jobs
from ffmill.retention import deletions, repository
from ffmill.store import prefixes
from ffmill.store.store import Store


async def delete_files(jobs: Jobs, pool: Pool, store: Store, account: Account, job_id: UUID) -> Job:
    """Deletes all outputs of a job that has ended, at once, and gives the job as it then is.

    Raises NotFound; Conflict when it has not ended; Unavailable when the store cannot be reached: then the files are
    no longer the job's, and go with the next pass.
    """
    while (job := await _mark(pool, account, job_id)) is None:
        job = await jobs.get(account, job_id)
        if not job.status.terminal:
            raise Conflict(f"the job is {job.status.value}: cancel it first, then delete its files")
        if job.files_deleted_at is not None:
            break
    await deletions.carry_out(pool, store, prefixes.of_job(job_id))
    return job


async def forget(pool: Pool, store: Store, job_id: UUID) -> None:
    """Deletes a job that has ended as if its time were over: row, log and files.

    Raises Unavailable when the store cannot be reached: then the files go with the next pass.
    """
    async with pool.connection() as connection, connection.transaction():
        await repository.delete_job(connection, job_id)
    await deletions.carry_out(pool, store, prefixes.of_job(job_id))


async def _mark(pool: Pool, account: Account, job_id: UUID) -> Job | None:
    async with pool.connection() as connection:
        return await repository.delete_files(connection, job_id, account.id)
