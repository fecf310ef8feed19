"""Requests that are repeated: under one Idempotency-Key, the first one's jobs are given again for 24 hours."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from ffmill.db.pool import Connection
from ffmill.errors import Conflict

# Primary key.
FIND = """
SELECT digest, job_ids FROM idempotency_keys
WHERE account_id = %s AND key = %s AND created_at > now() - interval '24 hours'
"""

# Primary key. A key whose time is over is taken anew. Of two requests at once, the second waits here for the first.
KEEP = """
INSERT INTO idempotency_keys AS kept (account_id, key, digest, job_ids) VALUES (%s, %s, %s, %s)
ON CONFLICT (account_id, key) DO UPDATE
SET digest = excluded.digest, job_ids = excluded.job_ids, created_at = excluded.created_at
WHERE kept.created_at <= now() - interval '24 hours'
RETURNING key
"""

# Index idempotency_keys_by_age.
FORGET = """
DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at <= now() - interval '24 hours' LIMIT 10000
))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeatable:
    """A request that says by which key it may be repeated."""

    key: str
    digest: bytes  # of what was asked for

    @classmethod
    def of(cls, key: str, body: Any) -> Self:
        """From the header's value and the body as plain JSON; white space and the order of names do not matter."""
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return cls(key=key, digest=hashlib.sha256(text.encode()).digest())


async def find(connection: Connection, account_id: UUID, request: Repeatable) -> list[UUID] | None:
    """The jobs that the first request under this key made; None where this is the first.

    Raises Conflict when that one asked for something else.
    """
    row = await (await connection.execute(FIND, (account_id, request.key))).fetchone()
    if row is None:
        return None
    if bytes(row[0]) != request.digest:
        raise Conflict(
            f"the Idempotency-Key {request.key!r} was used for another body within the last 24 hours: "
            "take a new key for a new request"
        )
    return row[1]


async def keep(connection: Connection, account_id: UUID, request: Repeatable, job_ids: Sequence[UUID]) -> bool:
    """Writes down what the request made; False when another one under its key was first."""
    values = (account_id, request.key, request.digest, list(job_ids))
    return await (await connection.execute(KEEP, values)).fetchone() is not None


async def forget(connection: Connection) -> None:
    """Deletes keys whose time is over, some at a time."""
    await connection.execute(FORGET)
