"""Who a request comes from, and whether it comes within its rate: one statement for both."""

import time
from dataclasses import dataclass
from math import ceil

import psycopg
import structlog
from psycopg.rows import dict_row

from ffmill.accounts import keys
from ffmill.accounts.model import Caller, Scope
from ffmill.accounts.repository import account_of
from ffmill.db.pool import Connection

LOG = structlog.stdlib.get_logger()

COMPLAIN_SECONDS = 10.0
BURST_SECONDS = 2  # of its rate that a bucket holds, as 0004.sql has it

# Unique index on api_keys.hash, primary key of accounts. It writes nothing: it must do where nothing can be written.
CALLER = """
SELECT accounts.*, api_keys.id AS key_id, prefix, scopes, expires_at, last_used_at
FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
WHERE hash = %(hash)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""

# The same, and the primary key of rate_limits. Whoever has no key of ours is known by address.
CALL = f"""
WITH caller AS MATERIALIZED ({CALLER}), used AS (
    UPDATE api_keys SET last_used_at = now() FROM caller
    WHERE api_keys.id = caller.key_id
      AND (caller.last_used_at IS NULL OR caller.last_used_at < now() - interval '1 minute')
), bucket AS (
    SELECT coalesce((SELECT id::text FROM caller), %(address)s) AS key,
           coalesce((SELECT coalesce(rate_limit, CASE WHEN paid THEN %(paid)s ELSE %(usual)s END) FROM caller),
                    %(usual)s) AS rate
)
SELECT caller.*, bucket.rate, limited.taken, limited.full_in
FROM bucket LEFT JOIN caller ON true
CROSS JOIN LATERAL ffmill_take_v1(bucket.key, bucket.rate) AS limited
"""  # noqa: S608 - our own fragments


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Requests a second of those whose terms name none; 0: any number."""

    usual: int
    paid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What a bucket still holds after a request."""

    rate: int  # requests a second
    taken: bool  # whether the request came within it
    full_in: float  # seconds until the bucket is full

    @property
    def remaining(self) -> int:
        """Requests that would be taken at once."""
        return max(0, int((BURST_SECONDS - self.full_in) * self.rate + 1e-6))

    @property
    def retry_seconds(self) -> int:
        """Whole seconds after which a request is taken."""
        return max(1, ceil(self.full_in + 1 / self.rate - BURST_SECONDS))


async def call(
    connection: Connection, key: str | None, address: str, rates: Rates
) -> tuple[Caller | None, Allowance | None]:
    """Takes a request: whose it is, None for a key that is missing, malformed, unknown, expired or revoked; and what
    is left, None where there is no limit.

    A limiter that fails lets requests through.
    """
    digest = keys.digest(key) if key is not None and keys.is_key(key) else None
    values = {"hash": digest, "address": address, "usual": rates.usual, "paid": rates.paid}
    try:
        cursor = connection.cursor(row_factory=dict_row)
        row = await (await cursor.execute(CALL, values)).fetchone()
    except psycopg.Error as error:
        _complain(error)
        cursor = connection.cursor(row_factory=dict_row)
        row = await (await cursor.execute(CALLER, values)).fetchone()
    if row is None:
        return None, None
    limited = row.get("taken") is not None
    allowance = Allowance(rate=row["rate"], taken=row["taken"], full_in=row["full_in"]) if limited else None
    if row["id"] is None:
        return None, allowance
    scopes = frozenset(map(Scope, row["scopes"]))
    caller = Caller(
        account=account_of(row),
        prefix=row["prefix"],
        scopes=scopes,
        expires_at=row["expires_at"],
        key_id=row["key_id"],
    )
    return caller, allowance


class Complained:
    """When it was last said in the log that the limiter fails."""

    at = float("-inf")


def _complain(error: Exception) -> None:
    """Says so in the log, now and then: it would be said of every request."""
    if time.monotonic() - Complained.at > COMPLAIN_SECONDS:
        Complained.at = time.monotonic()
        LOG.warning("requests are not limited: the limiter failed", error=str(error).strip())
