"""Streams of events, taken up again where they broke off; and waiting for a job by them."""

import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from ffmill.client.calls import PASSING, PAUSES, Calls, accepted
from ffmill.client.errors import (
    ApiError,
    ConnectionFailed,
    JobCancelled,
    JobFailed,
    TimedOut,
    UnexpectedAnswer,
)
from ffmill.client.events import Ended, Event, Progressed, StatusChanged, event_of
from ffmill.client.job import Job, job_of
from ffmill.client.sse import messages

SILENCE_SECONDS = 45.0  # three heartbeats
POLL_SECONDS = 1.0
ACCOUNT = "/api/events"
NO_ROUTE = (404, 405)
_NEWS = ("progress", "command_index", "commands_total", "fps", "speed", "eta_seconds", "out_time_seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """Until when to wait; checked whenever something is heard, which is every 15 s at least."""

    seconds: float | None = None  # None: without an end
    clock: Callable[[], float] = time.monotonic
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds; negative once it has passed."""
        return math.inf if self.seconds is None else self.began + self.seconds - self.clock()

    def check(self, what: str) -> None:
        """Raises TimedOut once it has passed."""
        if self.left <= 0:
            raise TimedOut(f"{what} has not ended within {self.seconds} s; it goes on")


async def stream(
    calls: Calls,
    path: str,
    *,
    last_event_id: str | None = None,
    types: Sequence[str] = (),
    deadline: Deadline | None = None,
) -> AsyncGenerator[Event]:
    """The events at `path`; those of one job end with its end. Raises what stays wrong after some tries."""
    query = f"?{urlencode({'types': ','.join(types)})}" if types else ""
    failed, until = 0, deadline or Deadline()
    while True:
        request = calls.request("GET", path + query, headers=_headers(last_event_id))
        request = replace(request, read_seconds=max(0.1, min(SILENCE_SECONDS, until.left)))
        try:
            async with accepted(calls.wire, request) as answer, aclosing(messages(answer.chunks)) as told:
                async for message in told:
                    last_event_id, failed = message.id or last_event_id, 0
                    if event := event_of(message):
                        yield event
                    if isinstance(event, Ended) and path != ACCOUNT:
                        return
            raise ConnectionFailed("the stream of events has ended")
        except PASSING as error:
            until.check(path)
            if failed == len(PAUSES):
                raise
            await calls.pause(PAUSES[failed], error)
            failed += 1


def _headers(last_event_id: str | None) -> dict[str, str]:
    return {"Accept": "text/event-stream", **({"Last-Event-ID": last_event_id} if last_event_id else {})}


async def wait(
    calls: Calls, job: Job, *, on_progress: Callable[[Job], None] | None, deadline: Deadline, check: bool
) -> Job:
    """The job once it has ended, by its events, or by asking every second where the service has none."""
    async with aclosing(_states(calls, job, deadline)) as states:
        async for job in states:  # noqa: PLR1704  # the same job, later
            if on_progress:
                on_progress(job)
            if not job.ended:
                deadline.check(f"job {job.id}")
    return judged(job) if check else job


async def _states(calls: Calls, job: Job, deadline: Deadline) -> AsyncGenerator[Job]:
    path, types = f"/api/jobs/{job.id}/events", ("status", "progress", "end")
    try:
        async with aclosing(stream(calls, path, types=types, deadline=deadline)) as events:
            async for event in events:
                job = _after(job, event)
                yield job
    except (ApiError, UnexpectedAnswer) as error:
        if error.status not in NO_ROUTE:
            raise
    while not job.ended:
        job = job_of(await calls.data("GET", f"/api/jobs/{job.id}"))
        yield job
        if not job.ended:
            await calls.wire.sleep(POLL_SECONDS)


def _after(job: Job, event: Event) -> Job:
    """The job as an event tells it."""
    if isinstance(event, Ended):
        return event.job
    if isinstance(event, StatusChanged):
        told: Mapping[str, Any] = {"status": event.status, "status_detail": event.status_detail}
        return replace(job, **told)
    if isinstance(event, Progressed):
        return replace(job, **{name: getattr(event, name) for name in _NEWS})
    return job


def judged(job: Job) -> Job:
    """The job, if it has succeeded; raises JobFailed or JobCancelled."""
    if job.status == "failed":
        raise JobFailed(job)
    if job.status == "cancelled":
        raise JobCancelled(job)
    return job
