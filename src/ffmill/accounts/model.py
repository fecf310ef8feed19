"""An account, which owns jobs and files, its terms, and the API keys that speak for it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

OWNER = "owner"
"""The account that `ffmill serve` makes for whoever runs it."""


class Scope(StrEnum):
    """What a key may do for its account."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    FILES_WRITE = "files:write"  # upload, delete
    USAGE_READ = "usage:read"
    KEYS_WRITE = "keys:write"  # the account's keys and its webhook secret
    ADMIN = "admin"  # all of these, and the whole installation


USUAL = (Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.FILES_WRITE, Scope.USAGE_READ)
"""The scopes of a key for which none are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What an account may and gets. None: as the installation's settings say, or no limit where they name none."""

    paid: bool = False  # has the higher rate limit
    weight: float = 1  # of two accounts with jobs waiting, one of weight 2 has twice as many at work
    max_running: int | None = None  # jobs at work at once, in all pools
    rate_limit: int | None = None  # requests a second; 0: any number
    machines: tuple[str, ...] | None = None  # the pools that it may use
    max_timeout_seconds: int | None = None  # its longest job
    max_input_bytes: int | None = None  # its largest input
    max_month_bytes: int | None = None  # in and out, in a calendar month of UTC
    max_stored_bytes: int | None = None  # outputs and uploads kept
    keep_outputs_days: float | None = None
    keep_uploads_days: float | None = None
    keep_logs_days: float | None = None
    keep_jobs_days: float | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `accounts`, as a mapping by column name."""
        given = {name: row[name] for name in TERMS}
        if given["machines"] is not None:
            given["machines"] = tuple(given["machines"])
        return cls(**given)


TERMS = tuple(field.name for field in fields(Terms))
"""The columns of `accounts` that hold an account's terms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whoever a job or a file belongs to."""

    id: UUID
    name: str
    created_at: datetime
    terms: Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who a request comes from: an account, by one of its keys."""

    account: Account
    prefix: str  # of the key
    scopes: frozenset[Scope]
    expires_at: datetime | None = None  # of the key
    key_id: UUID | None = None  # by which it is looked at again where an answer takes long

    def may(self, scope: Scope) -> bool:
        """Whether the key's scopes hold this one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """What is known of a key once it was handed out: all but the key."""

    id: UUID
    account_name: str
    name: str
    prefix: str  # its first characters, to tell keys apart
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None  # to the minute
    revoked_at: datetime | None
