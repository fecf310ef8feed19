"""The events of jobs, typed."""

import json
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, cast

from ffmill.client.errors import UnexpectedAnswer
from ffmill.client.job import Job, job_of
from ffmill.client.sse import Message


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    id: str = ""  # of the event: as `last_event_id`, it takes the stream up again after it


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged(_Told):
    """A job is in this state now."""

    job_id: str
    status: str
    status_detail: str | None = None
    attempt: int = 0
    command_index: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Progressed(_Told):
    """How far a running job is."""

    job_id: str
    attempt: int = 0
    progress: float | None = None  # percent of the whole job
    command_index: int = 0
    commands_total: int = 1
    fps: float | None = None
    speed: float | None = None
    eta_seconds: float | None = None
    out_time_seconds: float | None = None
    frame: int | None = None  # of the command at work
    bytes_written: int | None = None  # by the command at work


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine(_Told):
    """A line of a job's log."""

    job_id: str
    line: int  # its number, from 1
    text: str
    attempt: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LinesLeftOut(_Told):
    """Lines of the log that came too fast, or too long ago, to be in the stream; the whole log has them."""

    job_id: str
    lines: int
    attempt: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputStored(_Told):
    """An output is in the store; it is the job's only once the job has succeeded."""

    job_id: str
    name: str
    bytes: int
    attempt: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended(_Told):
    """A job has ended, and never changes again."""

    job: Job

    @property
    def job_id(self) -> str:
        """Of the job."""
        return self.job.id


Event: TypeAlias = StatusChanged | Progressed | LogLine | LinesLeftOut | OutputStored | Ended
_KINDS: dict[str, Any] = {
    "status": StatusChanged,
    "progress": Progressed,
    "log": LogLine,
    "gap": LinesLeftOut,
    "output": OutputStored,
}


def event_of(message: Message) -> Event | None:
    """The event in a message; None of a kind that this client does not know. Raises UnexpectedAnswer."""
    if message.event != "end" and message.event not in _KINDS:
        return None
    try:
        told = json.loads(message.data)
        return (
            Ended(id=message.id, job=job_of(told))
            if message.event == "end"
            else _made(_KINDS[message.event], {**told, "id": message.id})
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise UnexpectedAnswer(f"this is no event of the kind {message.event}: {error}") from error


def _made(kind: Any, told: dict[str, Any]) -> Event:
    known = {one.name for one in fields(kind)}
    return cast("Event", kind(**{name: value for name, value in told.items() if name in known}))
