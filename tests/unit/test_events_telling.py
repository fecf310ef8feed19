"""What there is to tell of a job, by what was told before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.events.position import Position
from ffmill.events.seen import Seen, Tail
from ffmill.events.telling import Event, Kind, tell
from ffmill.jobs.model import Progress, Status
from tests.running import job

JOB = job()
SEEN = Seen(
    id=JOB.id,
    account_id=JOB.account_id,
    listed=True,
    status=Status.RUNNING,
    machine="cpu",
    unattended=False,
    attempt=1,
    command_index=0,
    commands_total=1,
    updated_at=JOB.updated_at,
    progress=None,
    log_lines=0,
    tail=Tail(),
    outputs=(),
    job=None,
)
ENDED = replace(SEEN, status=Status.SUCCEEDED, job=JOB)


def logged(count: int, shown: int | None = None) -> Seen:
    """A job whose log has so many lines, of which the last are at hand."""
    lines = [f"line {n}" for n in range(1, count + 1)]
    return replace(
        SEEN, log_lines=count, tail=Tail.of("".join(f"{line}\n" for line in (lines[-shown:] if shown else lines)))
    )


def value(event: Event, name: str) -> int:
    """A number in an event that is no end."""
    assert isinstance(event.data, Mapping)
    return event.data[name]


def kinds(events: Sequence[Event]) -> list[Kind]:
    return [event.kind for event in events]


def test_what_was_told_is_not_told_again() -> None:
    seen = replace(logged(3), progress=Progress(percent=1), outputs=({"name": "a", "bytes": 1},))
    events = list(tell(seen, Position()))
    assert kinds(events) == [Kind.STATUS, Kind.PROGRESS, Kind.LOG, Kind.LOG, Kind.LOG, Kind.OUTPUT]
    assert list(tell(seen, events[-1].position)) == []


@pytest.mark.parametrize("after", range(7))
def test_after_any_event_the_rest_follows(after: int) -> None:
    seen = replace(logged(3), job=JOB, status=Status.SUCCEEDED, outputs=({"name": "a", "bytes": 1},))
    events = list(tell(seen, Position()))
    resumed = Position.of(events[after].position.text) if after < len(events) else None
    if resumed is not None:
        assert list(tell(seen, resumed)) == events[after + 1 :]


def test_an_ended_job_tells_its_state_after_its_log() -> None:
    events = list(tell(replace(ENDED, log_lines=1, tail=Tail.of("a\n")), Position()))
    assert kinds(events) == [Kind.LOG, Kind.STATUS, Kind.END]
    assert list(tell(ENDED, events[-1].position)) == []


def test_another_attempt_begins_anew() -> None:
    told = list(tell(logged(5), Position()))[-1].position
    events = list(tell(replace(logged(2), attempt=2), told))
    assert kinds(events) == [Kind.STATUS, Kind.LOG, Kind.LOG]
    assert [event.position.line for event in events] == [0, 1, 2]


def test_a_log_that_nobody_reads_is_no_gap() -> None:
    assert kinds(list(tell(replace(SEEN, log_lines=9, tail=None), Position()))) == [Kind.STATUS]


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20))
def test_every_line_is_told_once_or_counted_in_a_gap(count: int, shown: int, told: int) -> None:
    events = list(tell(logged(count, shown), Position(attempt=1, line=told, state="running")))
    lines = [value(event, "line") for event in events if event.kind is Kind.LOG]
    gaps = sum(value(event, "lines") for event in events if event.kind is Kind.GAP)
    assert gaps + len(lines) == max(0, count - told)
    assert lines == list(range(count - len(lines) + 1, count + 1))


def test_progress_that_is_the_same_is_not_told() -> None:
    seen = replace(SEEN, progress=Progress(percent=5))
    told = list(tell(seen, Position()))[-1].position
    assert list(tell(replace(seen, updated_at=JOB.created_at), told)) == []
    assert kinds(list(tell(replace(seen, progress=Progress(percent=6)), told))) == [Kind.PROGRESS]
