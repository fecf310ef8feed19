"""A job as the feed saw it last: what its events are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ffmill.jobs.model import Job, Progress, Status


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
    tail: tuple[str, ...] | None  # the last of them; None where nobody asked for them
    outputs: tuple[Mapping[str, Any], ...]  # those stored so far: `name`, `bytes`
    job: Job | None  # once it has ended
