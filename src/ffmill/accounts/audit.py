"""The audit log: who did what to accounts, keys, secrets and limits. Its rows are never changed."""

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ffmill.accounts.model import Caller
from ffmill.db.pool import Connection

RECORD = "INSERT INTO audit_log (actor, action, subject, details) VALUES (%s, %s, %s, %s)"

# Primary key.
BEFORE = "SELECT * FROM audit_log WHERE id < %s ORDER BY id DESC LIMIT %s"

NEWEST = 2**63 - 1
"""No entry has an id beyond it."""


class Action(StrEnum):
    """What was done."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    WEBHOOK_SECRET_ROTATED = "webhook_secret.rotated"  # noqa: S105  # no secret
    SIGNING_KEY_ROTATED = "signing_key.rotated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of the log."""

    id: int
    at: datetime
    actor: str  # a key by its prefix and account, or who used the command line
    action: str
    subject: str  # what it was done to, as `account:owner`, `key:ffm_abcdefgh`
    details: Mapping[str, Any]  # never a secret


def by_key(caller: Caller) -> str:
    """The actor of an API call."""
    return f"key {caller.prefix} of {caller.account.name}"


def by_command_line() -> str:
    """The actor of a command, as the operating system knows the user and the host."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in many containers
        user = f"uid {os.getuid()}"
    return f"command line: {user}@{socket.gethostname()}"


async def record(
    connection: Connection, actor: str, action: Action, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Writes down what was done, in the transaction that does it."""
    await connection.execute(RECORD, (actor, action.value, subject, Jsonb(details or {})))


async def newest(connection: Connection, limit: int, *, before: int = NEWEST) -> list[Entry]:
    """The newest entries, at most so many, of those older than the one with the id `before`."""
    cursor = connection.cursor(row_factory=class_row(Entry))
    return await (await cursor.execute(BEFORE, (before, limit))).fetchall()
