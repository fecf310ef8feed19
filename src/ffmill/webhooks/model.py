"""What a delivery is: one job's end to be told to one webhook, and what became of each call."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ffmill.jobs.model import Job


class State(StrEnum):
    """The states of a delivery; `pending` again by a wish to deliver again.

    pending ──a call was answered 2xx──▶ delivered
       │    ──the last try was not──▶ failed
       └─ a call was not, and will be made again
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A pending delivery, as far as it matters when and beside whom it may be made."""

    url: str
    account_id: UUID
    next_try_at: datetime | None  # None: at once
    now: datetime  # by the database's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A delivery that is about to be made."""

    delivery_id: UUID
    round: int
    tries: int  # made in this round before
    at: datetime  # now, by the database's clock
    url: str
    job: Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What became of a call."""

    status_code: int | None  # of the last answer; None: there was none
    error: str | None  # why it is not delivered; None: it is
    answer: str  # the first KiB of the answer's body
    duration_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What follows from a call."""

    state: State
    next_try_at: datetime | None  # of one that is pending


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A call, as the log of its delivery has it."""

    number: int  # from 1, over all rounds
    started_at: datetime
    duration_seconds: float
    status_code: int | None
    error: str | None
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A delivery, as its account sees it."""

    id: UUID
    job_id: UUID
    event: str
    url: str
    state: State
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    attempts: tuple[Attempt, ...]  # the last hundred, in their order
