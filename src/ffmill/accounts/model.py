"""An account, which owns jobs and files, and the API keys that speak for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

OWNER = "owner"
"""The account that `ffmill serve` makes for whoever runs it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whoever a job or a file belongs to."""

    id: UUID
    name: str
    paid: bool  # has the higher limits
    admin: bool = False  # whether the key at hand may see and change the whole installation


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """What is known of a key once it was handed out: all but the key."""

    id: UUID
    account_name: str
    name: str
    prefix: str  # its first characters, to tell keys apart
    created_at: datetime
    admin: bool
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What an account gets of the workers beside the others."""

    account_name: str
    weight: float  # of two accounts with jobs waiting, one of weight 2 has twice as many at work
    max_running: int | None  # jobs at work at once, in all pools; None: as many as there are slots
