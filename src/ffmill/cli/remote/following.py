"""A job from its submission to its end: followed while it runs, cancelled where we are interrupted."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

from ffmill.client import AsyncFfmill, ClientError, Ended, Event, Job, LogLine, NotFound

CANCEL_SECONDS = 10.0  # for which the service is given time to hear of a cancellation
SOON_SECONDS = (0.04, 0.08, 0.16)  # between looks at a job that may end before a stream of events would tell so

OnEvent = Callable[[Event], None]


async def run_job(client: AsyncFfmill, body: Mapping[str, Any], on_event: OnEvent) -> Job:
    """Submits a job and follows it; the job as it ended. Cancels it when we are cancelled."""
    submitting = asyncio.ensure_future(client.submit_body(body))
    try:
        job = await asyncio.shield(submitting)
        return await _ended_soon(client, job, on_event) or await follow(client, job.id, on_event)
    except asyncio.CancelledError:
        with suppress(ClientError, TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                job = await client.cancel(await submitting)  # which may be a job by now
                sys.stderr.write(f"\njob {job.id} {job.status}\n")
        raise


async def follow(client: AsyncFfmill, job_id: str, on_event: OnEvent) -> Job:
    """Follows a job to its end."""
    async with aclosing(client.events(job_id)) as events:
        try:
            async for event in events:
                on_event(event)
                if isinstance(event, Ended):
                    return event.job
        except NotFound:  # an older service has no events; of no job, the next call tells
            return await _asked(client, job_id, on_event)
    return await client.get(job_id)


async def _asked(client: AsyncFfmill, job_id: str, on_event: OnEvent) -> Job:
    job = await client.wait(job_id, check=False)
    await tell_log(client, job, on_event)
    return job


async def _ended_soon(client: AsyncFfmill, job: Job, on_event: OnEvent) -> Job | None:
    for pause in SOON_SECONDS:
        await asyncio.sleep(pause)
        job = await client.get(job)
        if job.ended:
            await tell_log(client, job, on_event)
            return job
    return None


async def tell_log(client: AsyncFfmill, job: Job, on_event: OnEvent) -> None:
    """Tells of a log as its lines would have been told of."""
    for number, line in enumerate((await client.logs(job)).splitlines(), 1):
        on_event(LogLine(job_id=job.id, line=number, text=line))
