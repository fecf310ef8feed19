"""The delivery of a job's end to its webhook, with one record a job."""

import json
from functools import partial
from uuid import UUID

import aiohttp

from ffmill.db.pool import Pool
from ffmill.jobs import repository
from ffmill.jobs.view import OUTPUT_URL_SECONDS, job_object
from ffmill.store.signing import Signer
from ffmill.webhooks.deliver import Delivered, deliver

# Primary key. The record is made before the call, so that a delivery is never made without one; it gives nothing when
# the call was answered before, by a worker that died before it could say so to the engine.
RECORD = """
INSERT INTO deliveries AS record (job_id, url) VALUES (%s, %s)
ON CONFLICT (job_id) DO UPDATE SET url = excluded.url WHERE record.attempted_at IS NULL
RETURNING job_id
"""
ANSWERED = "UPDATE deliveries SET attempted_at = now(), status_code = %s, error = %s WHERE job_id = %s"


async def deliver_job(pool: Pool, session: aiohttp.ClientSession, signer: Signer, job_id: UUID) -> None:
    """POSTs the job object to the job's webhook, once, and writes down what became of it."""
    async with pool.connection() as connection:
        job = await repository.get_any(connection, job_id)
        if job is None or job.webhook_url is None:
            return
        if await (await connection.execute(RECORD, (job_id, job.webhook_url))).fetchone() is None:
            return
    body = json.dumps(job_object(job, partial(_sign, signer)), ensure_ascii=False).encode()
    answer: Delivered = await deliver(session, job.webhook_url, body)
    async with pool.connection() as connection:
        await connection.execute(ANSWERED, (answer.status_code, answer.error, job_id))


def _sign(signer: Signer, key: str) -> str:
    return signer.sign("GET", key, OUTPUT_URL_SECONDS)
