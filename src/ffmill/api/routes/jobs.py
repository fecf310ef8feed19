"""Jobs over HTTP: create, wait, list, get, cancel, read the log."""

import re
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from ffmill import tracing
from ffmill.api import documented, listed, queries
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Reader, Writer
from ffmill.api.body import parse_object, read_body, understood
from ffmill.api.parts import parts_of
from ffmill.api.quoting import quoted
from ffmill.api.schemas import submission, submissions
from ffmill.api.waiting import WaitAnswer
from ffmill.errors import ValidationError
from ffmill.jobs.idempotency import Repeatable

MOST_LISTED = 100
FARTHEST = 10_000
KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")

router = APIRouter(prefix="/api", tags=["Jobs"])
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Understand(Protocol[T_co]):
    """Reads the object in a body; raises ValidationError."""

    def __call__(self, body: dict[str, Any], *, max_timeout_seconds: int) -> T_co:
        """What it asks for."""
        ...


@router.post("/jobs", **documented.CREATE_TOO)
@router.post("/ffmpeg", **documented.CREATE)  # the nearest to the function is the first in the reference
async def create(request: Request, caller: Writer) -> Response:
    """Accepts a job; with `?wait=true`, answers when it has ended."""
    parts = parts_of(request)
    wait = queries.flag(request.query_params, "wait")
    asked, repeatable = await _asked(request, submission)
    with _submit(request) as span:
        job = await parts.jobs.submit(caller.account, asked, wait=wait, request=repeatable)
        span.note(job_id=str(job.id), machine=job.machine, inputs=len(job.input_files))
    if wait:
        return WaitAnswer(parts, caller.account, job, blank_seconds=request.app.state.blank_seconds)
    return JsonAnswer({"data": await parts.view(job)})


@router.post("/jobs/batch", **documented.BATCH)
async def create_batch(request: Request, caller: Writer) -> Response:
    """Accepts all of the jobs or none."""
    parts = parts_of(request)
    asked, repeatable = await _asked(request, submissions)
    with _submit(request) as span:
        jobs = await parts.jobs.submit_batch(caller.account, asked, request=repeatable)
        span.note(jobs=len(jobs))
    return JsonAnswer({"data": await parts.views(jobs)})


@router.get("/jobs", **documented.LIST)
async def list_jobs(request: Request, caller: Reader) -> Response:
    """The account's jobs that are asked for, newest first."""
    parts, query = parts_of(request), request.query_params
    limit = min(queries.integer(query, "limit", 50, least=1), MOST_LISTED)
    offset = queries.integer(query, "offset", 0, least=0, most=FARTHEST)
    page = await parts.jobs.list(
        caller.account, limit, offset=offset, after=listed.place(query), asked=listed.asked(query)
    )
    paging = {
        "limit": page.limit,
        "offset": page.offset,
        "total": page.total,
        "hasMore": page.has_more,
        "nextCursor": listed.cursor(page.end) if page.end else None,
    }
    return JsonAnswer({"data": await parts.views(page.jobs), "pagingParams": paging})


@router.get("/jobs/{job_id}", **documented.GET)
async def get(request: Request, caller: Reader, job_id: str) -> Response:
    """The job as it is now."""
    parts = parts_of(request)
    return JsonAnswer({"data": await parts.view(await parts.jobs.get(caller.account, queries.uuid(job_id, "job")))})


@router.post("/jobs/{job_id}/cancel", **documented.CANCEL)
async def cancel(request: Request, caller: Writer, job_id: str) -> Response:
    """The job, cancelled unless it had ended before."""
    parts = parts_of(request)
    return JsonAnswer({"data": await parts.view(await parts.jobs.cancel(caller.account, queries.uuid(job_id, "job")))})


@router.get("/jobs/{job_id}/logs", response_class=Response, **documented.LOGS)
async def logs(request: Request, caller: Reader, job_id: str) -> Response:
    """What the commands of the job printed."""
    log = await parts_of(request).jobs.logs(caller.account, queries.uuid(job_id, "job"))
    return PlainTextResponse(log, headers={"X-Content-Type-Options": "nosniff"})


def _submit(request: Request) -> AbstractContextManager[tracing.Span]:
    """The first step of a job's trace, or one of a trace that the client has begun (W3C Trace Context)."""
    return tracing.follow("submit", request.headers.get("traceparent"))


async def _asked(request: Request, understand: Understand[T]) -> tuple[T, Repeatable | None]:
    """What the body asks for, and the request as its Idempotency-Key tells it from others."""
    settings = parts_of(request).settings
    text = await read_body(request, settings.max_body_bytes)

    def read() -> tuple[T, Repeatable | None]:
        body = parse_object(text)
        return understand(body, max_timeout_seconds=settings.max_timeout_seconds), _repeatable(request, body)

    return await understood(text, read)


def _repeatable(request: Request, body: Any) -> Repeatable | None:
    """The request as its Idempotency-Key tells it from others; None without one. Raises ValidationError."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise ValidationError(f"Idempotency-Key: must be 1 to 255 printable ASCII characters, not {quoted(key)}")
    return Repeatable.of(key, body)
