"""What happens to jobs, as it happens: the event streams of one job and of an account."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts.model import Caller
from ffmill.api import documented_events, errors, queries
from ffmill.api.auth import Reader
from ffmill.api.parts import Parts, parts_of
from ffmill.api.quoting import quoted
from ffmill.api.streaming import EventStream
from ffmill.errors import TooManyRequests, ValidationError
from ffmill.events.position import END, Position
from ffmill.events.stories import AccountStory, JobStory
from ffmill.events.telling import Kind

RETRY_SECONDS = "10"  # streams last; a place may be free by then
ALL = frozenset(Kind)
OF_LOG = frozenset({Kind.LOG, Kind.GAP})

router = APIRouter(prefix="/api", tags=["Events"])


@router.get("/jobs/{job_id}/events", response_class=Response, **documented_events.JOB)
async def job_events(request: Request, caller: Reader, job_id: str) -> Response:
    """The events of the account's job, to its end."""
    parts, kinds = parts_of(request), _kinds(request, ALL)
    text = _last_id(request)
    at = None if text is None else Position.of(text)
    if text is not None and at is None:
        raise ValidationError(f"Last-Event-ID: must be the id of an event of a job, not {quoted(text)}")
    job = await parts.jobs.get(caller.account, queries.uuid(job_id, "job"))
    if at is not None and at.state == END:
        return Response(status_code=204)  # by which an EventSource knows that it need not come back
    return _too_many(parts, caller) or EventStream(parts, _of_job(parts, caller, job.id, at, kinds), kinds)


@router.get("/events", response_class=Response, **documented_events.ACCOUNT)
async def account_events(request: Request, caller: Reader) -> Response:
    """The events of all jobs of the account, without an end."""
    parts, kinds = parts_of(request), _kinds(request, ALL - OF_LOG)
    text = _last_id(request)
    since = None if text is None else queries.utc(text)
    if text is not None and since is None:
        raise ValidationError(f"Last-Event-ID: must be the id of an event of this stream, not {quoted(text)}")
    return _too_many(parts, caller) or EventStream(parts, _of_account(parts, caller, since, kinds), kinds)


@contextmanager
def _of_job(
    parts: Parts, caller: Caller, job_id: UUID, at: Position | None, kinds: frozenset[Kind]
) -> Generator[JobStory]:
    with parts.feed.job(
        job_id, caller.account.id, caller.key_id, with_log=bool(kinds & OF_LOG), resumed=at is not None
    ) as watch:
        yield JobStory(watch, at)


@contextmanager
def _of_account(
    parts: Parts, caller: Caller, since: datetime | None, kinds: frozenset[Kind]
) -> Generator[AccountStory]:
    with parts.feed.account(caller.account.id, caller.key_id, with_log=bool(kinds & OF_LOG)) as watch:
        yield AccountStory(watch, parts.pool, since)


def _too_many(parts: Parts, caller: Caller) -> Response | None:
    """The refusal, where the account has as many streams open as it may."""
    most = parts.settings.max_streams
    if parts.feed.streams(caller.account.id) < most:
        return None
    refusal = TooManyRequests(f"the account has {most} event streams open; close one, or follow all jobs by one")
    return errors.answer(refusal, {"Retry-After": RETRY_SECONDS})


def _kinds(request: Request, usual: frozenset[Kind]) -> frozenset[Kind]:
    """Those that `types` names; raises ValidationError."""
    text = request.query_params.get("types")
    if text is None:
        return usual
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in ALL:
            raise ValidationError(f"types: must be of {', '.join(Kind)}, separated by commas; not {quoted(name)}")
    return frozenset(map(Kind, names))


def _last_id(request: Request) -> str | None:
    """Where the stream was left; the header, which a client sends that reconnects, goes before the query."""
    return request.headers.get("last-event-id") or request.query_params.get("last_event_id") or None
