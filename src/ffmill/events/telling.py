"""What there is to tell of a job, to a stream that has told some of it already."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from ffmill.events.position import END, Position
from ffmill.events.seen import Seen
from ffmill.jobs.model import Job, Status
from ffmill.jobs.view import status_detail, timestamp

MOST_LINES = 5000  # of a log, told at once; those before them are a gap


class Kind(StrEnum):
    """The events of a stream."""

    STATUS = "status"
    PROGRESS = "progress"
    LOG = "log"
    GAP = "gap"  # in the log
    OUTPUT = "output"
    END = "end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One piece of news."""

    kind: Kind
    data: Mapping[str, Any] | Job  # the whole job of an `end`
    position: Position  # of the stream in the job, once this is told


Telling: TypeAlias = Generator[Event, None, Position]
"""Gives events and, in the end, the position after them."""


def tell(seen: Seen, before: Position) -> Telling:
    """What is new since a position. Of an attempt that is not the position's own, everything is."""
    if before.state == END:
        return before
    at = before if before.attempt == seen.attempt else Position(attempt=seen.attempt)
    if seen.job is None:
        at = yield from _status(seen, at)
        at = yield from _progress(seen, at)
    at = yield from _log(seen, at)
    at = yield from _outputs(seen, at)
    if seen.job is not None:
        at = yield from _status(seen, at)
        at = replace(at, state=END)
        yield Event(kind=Kind.END, data=seen.job, position=at)
    return at


def _status(seen: Seen, at: Position) -> Telling:
    state = "unattended" if seen.unattended else seen.status.value
    if (at.state, at.command_index) == (state, seen.command_index):
        return at
    at = replace(at, state=state, command_index=seen.command_index)
    detail = status_detail(seen.machine, unattended=seen.unattended)
    data = {
        "job_id": str(seen.id),
        "status": seen.status.value,
        "status_detail": detail,
        "attempt": seen.attempt,
        "command_index": seen.command_index,
        "updated_at": timestamp(seen.updated_at),
    }
    yield Event(kind=Kind.STATUS, data=data, position=at)
    return at


def _progress(seen: Seen, at: Position) -> Telling:
    news = seen.progress
    if news is None or news == at.progress or seen.status is not Status.RUNNING:
        return at
    at = replace(at, progress=news)
    data = {
        **_of(seen),
        "progress": news.percent,
        "command_index": news.command_index,
        "commands_total": seen.commands_total,
        "fps": news.fps,
        "speed": news.speed,
        "eta_seconds": news.eta_seconds,
        "out_time_seconds": news.out_time_seconds,
        "frame": news.frame,
        "bytes_written": news.bytes_written,
    }
    yield Event(kind=Kind.PROGRESS, data=data, position=at)
    return at


def _log(seen: Seen, at: Position) -> Telling:
    if not seen.tail or not seen.tail.lines or at.line >= seen.log_lines:
        return at
    before = seen.log_lines - min(seen.tail.lines, MOST_LINES)  # so many lines lie before what is at hand
    if at.line < before:
        gap, at = before - at.line, replace(at, line=before)
        yield Event(kind=Kind.GAP, data={**_of(seen), "lines": gap}, position=at)
    for text in seen.tail.newest(seen.log_lines - at.line):
        at = replace(at, line=at.line + 1)
        yield Event(kind=Kind.LOG, data={**_of(seen), "line": at.line, "text": text}, position=at)
    return at


def _outputs(seen: Seen, at: Position) -> Telling:
    for output in seen.outputs[at.outputs :]:
        at = replace(at, outputs=at.outputs + 1)
        data = {**_of(seen), "name": output["name"], "bytes": output["bytes"]}
        yield Event(kind=Kind.OUTPUT, data=data, position=at)
    return at


def _of(seen: Seen) -> dict[str, Any]:
    return {"job_id": str(seen.id), "attempt": seen.attempt}
