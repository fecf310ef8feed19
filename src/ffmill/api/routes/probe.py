"""What is in a file: ffprobe's own words of it, by a job of its own that somebody waits for."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts.model import Account
from ffmill.api import documented_checks
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Writer
from ffmill.api.body import parse_object, read_body, understood
from ffmill.api.parts import Parts, parts_of
from ffmill.api.schemas import ProbeRequest
from ffmill.api.waiting import first, race
from ffmill.db.pool import UNREACHABLE
from ffmill.errors import BadRequest, NotFound, Unavailable
from ffmill.jobs import probing
from ffmill.jobs.model import Job
from ffmill.retention.files import forget

router = APIRouter(prefix="/api", tags=["Before you run"])


@router.post("/probe", **documented_checks.PROBE)
async def probe(request: Request, caller: Writer) -> Response:
    """What ffprobe tells of the file behind a URL. A client that hangs up changes nothing."""
    parts = parts_of(request)
    asked = ProbeRequest.of(parse_object(await read_body(request, parts.settings.max_body_bytes)))
    async with _forgotten(parts, await _submitted(parts, caller.account, asked)) as probe:
        job = await _ended(parts, caller.account, probe)
        if refusal := probing.refusal(job):
            raise refusal
        return JsonAnswer({"data": await _told(parts, job)})


@asynccontextmanager
async def _forgotten(parts: Parts, job: Job) -> AsyncGenerator[Job]:
    """The probe, of which nothing is left afterwards, whatever became of it: its URL may be a secret.

    What cannot be deleted now is left to housekeeping.
    """
    try:
        yield job
    except NotFound as error:  # its row or its output was removed by somebody
        raise Unavailable("the probe was lost; try again") from error
    finally:
        with suppress(Unavailable, *UNREACHABLE):
            await forget(parts.pool, parts.store, job.id)


async def _submitted(parts: Parts, account: Account, asked: ProbeRequest) -> Job:
    try:
        return await parts.jobs.probe(account, asked.url, timeout_seconds=asked.timeout_seconds)
    except BadRequest as refusal:
        raise BadRequest(probing.of_url(refusal.message, probing.name_of(asked.url))) from refusal


async def _ended(parts: Parts, account: Account, job: Job) -> Job:
    """The job when it has ended, or is ended because nobody will wait for it any longer; raises Unavailable."""
    async with race(parts.jobs.wait(account, job.id), parts.stopping.wait()) as (end, stop):
        await first([end, stop], probing.WAIT_SECONDS)
        return end.result() if end.done() else await parts.jobs.cancel(account, job.id)


async def _told(parts: Parts, job: Job) -> dict[str, Any]:
    (output,) = job.outputs
    async with parts.store.open(output.key) as chunks:
        text = b"".join([chunk async for chunk in chunks])
    return await understood(text, lambda: _read(text, job))


def _read(text: bytes, job: Job) -> dict[str, Any]:
    """ffprobe's answer, without the path that the file had where it was probed; raises BadRequest.

    A tag may be there twice (the last one is taken), so it is not read as what a client sends.
    """
    try:
        told = json.loads(text)
        told["format"]["filename"] = next(iter(job.input_files))
    except (ValueError, LookupError, TypeError) as error:
        raise BadRequest("url: ffprobe told nothing of it that can be read") from error
    return told
