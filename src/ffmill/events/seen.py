"""A job as the feed saw it last: what its events are made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from ffmill.jobs.model import Job, Progress, Status


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a log, in one text: an object for each would take many times its memory."""

    text: str = ""  # without the end of the last line
    lines: int = 0

    @classmethod
    def of(cls, text: str) -> Self:
        """The lines of a text."""
        text, count = text.removesuffix("\n"), text.count("\n") + (not text.endswith("\n")) if text else 0
        return cls(text, count)

    def newest(self, count: int) -> Iterator[str]:
        """The last of them, one after the other; it takes as long as those are, whatever lies before."""
        start = len(self.text)
        for _ in range(count):
            start = self.text.rfind("\n", 0, start)
        start += 1
        for _ in range(count):
            end = self.text.find("\n", start)
            yield self.text[start:] if end < 0 else self.text[start:end]
            start = end + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The narrow part of a job's row and of its news; the whole job once it has ended."""

    id: UUID
    account_id: UUID
    listed: bool  # a probe is not
    status: Status
    machine: str
    unattended: bool  # queued for a pool without a live worker
    attempt: int
    command_index: int
    commands_total: int | None
    updated_at: datetime
    progress: Progress | None  # of a running attempt that has told some
    log_lines: int  # of the attempt so far
    tail: Tail | None  # the last of them; None where nobody asked for them
    outputs: tuple[Mapping[str, Any], ...]  # those stored so far: `name`, `bytes`
    job: Job | None  # once it has ended


def finished(job: Job | None) -> datetime:
    """When a job ended that has."""
    assert job is not None  # noqa: S101 - asked of those alone
    assert job.finished_at is not None  # noqa: S101 - the schema has it so
    return job.finished_at


def outputs_of(job: Job) -> tuple[Mapping[str, Any], ...]:
    """What a job gave that has succeeded, as `Seen` has it."""
    return tuple({"name": output.name, "bytes": output.bytes} for output in job.outputs)
