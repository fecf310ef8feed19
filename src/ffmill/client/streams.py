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
from ffmill.client.sse import Parser

HEARTBEAT_SECONDS = 15.0  # in which something comes, if only a comment
SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
POLL_SECONDS = 1.0
ACCOUNT = "/api/events"
NOTHING_MORE = 204  # to come back for: the end was told
EVENTS = "text/event-stream"
SHOWN = ("status", "progress", "end")
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


FOR_EVER = Deadline()


async def stream(
    calls: Calls, path: str, *, last_event_id: str | None = None, types: Sequence[str] = ()
) -> AsyncGenerator[Event]:
    """The events at `path`; those of one job end with its end. Raises what stays wrong after some tries."""
    parser, failed = Parser(last_event_id or ""), 0
    while True:
        try:
            async with aclosing(_connection(calls, path, parser, types)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, Ended) and path != ACCOUNT:
                        return
        except PASSING as error:
            failed = 0 if parser.heard else failed
            if failed == len(PAUSES):
                raise
            await calls.pause(PAUSES[failed], error)
            failed, parser = failed + 1, Parser(parser.last_event_id)
        else:
            return


async def _connection(
    calls: Calls, path: str, parser: Parser, types: Sequence[str] = (), deadline: Deadline = FOR_EVER
) -> AsyncGenerator[Event]:
    """The events of one connection; ends by itself where there are no more, or the deadline is near.

    Raises ConnectionFailed when it breaks off.
    """
    query = f"?{urlencode({'types': ','.join(types)})}" if types else ""
    request = calls.request("GET", path + query, headers=_headers(parser.last_event_id))
    request = replace(request, read_seconds=min(SILENCE_SECONDS, deadline.left))
    async with accepted(calls.wire, request) as answer:
        if answer.status == NOTHING_MORE:
            return
        async for chunk in answer.chunks:
            for message in parser.feed(chunk):
                if event := event_of(message):
                    yield event
            if deadline.left <= HEARTBEAT_SECONDS:
                return
    raise ConnectionFailed("the stream of events has ended")


def _headers(last_event_id: str) -> dict[str, str]:
    return {"Accept": EVENTS, **({"Last-Event-ID": last_event_id} if last_event_id else {})}


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
    """What becomes of the job: told by streams and, between those and where there are none, asked for."""
    streams = True
    while not job.ended:
        if streams and deadline.left > HEARTBEAT_SECONDS:  # later, nothing might be heard before the deadline
            try:
                async with aclosing(_connection(calls, _events(job), Parser(), SHOWN, deadline)) as events:
                    async for event in events:
                        job = _after(job, event)
                        yield job
            except (ApiError, UnexpectedAnswer, TimedOut):  # it has none, or something in between holds it back
                streams = False
            except ConnectionFailed:
                pass  # it is opened again after the job was asked for
        if not job.ended:
            await calls.wire.sleep(max(0.0, min(POLL_SECONDS, deadline.left)))
            job = job_of(await calls.data("GET", f"/api/jobs/{job.id}"))
            yield job


def _events(job: Job) -> str:
    return f"/api/jobs/{job.id}/events"


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
