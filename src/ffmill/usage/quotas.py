"""Quotas: what an account may not go beyond, checked before a job or an upload is accepted.

Jobs that were accepted before a quota was reached run to their end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ffmill.accounts.model import Account, Terms
from ffmill.db.pool import Connection
from ffmill.errors import Forbidden
from ffmill.jobs.names import shown

# Index usage_of_account, which holds the sizes.
MONTH = """
SELECT month.since + interval '1 month',
       (SELECT coalesce(sum(input_bytes + output_bytes), 0) FROM usage
        WHERE account_id = %s AND ended_at >= month.since AT TIME ZONE 'UTC')::bigint
FROM date_trunc('month', now() AT TIME ZONE 'UTC') AS month (since)
"""

# Indexes jobs_with_files and tmp_files_by_age, which hold the sizes.
STORED = """
SELECT (SELECT coalesce(sum(total_output_bytes), 0) FROM jobs
        WHERE account_id = %(account)s AND status = 'succeeded' AND files_deleted_at IS NULL)::bigint
     + (SELECT coalesce(sum(bytes), 0) FROM tmp_files WHERE account_id = %(account)s)::bigint
"""

# Primary keys.
LARGER = """
WITH asked AS (SELECT key, split_part(key, '/', 2)::uuid AS owner FROM unnest(%(keys)s::text[]) AS asked (key))
SELECT key, bytes FROM (
    SELECT asked.key, tmp_files.bytes FROM asked JOIN tmp_files ON tmp_files.id = owner AND object_key = asked.key
    UNION ALL
    SELECT asked.key, (output ->> 'bytes')::bigint
    FROM asked JOIN jobs ON jobs.id = owner, json_array_elements(outputs) AS output
    WHERE output ->> 'key' = asked.key
) AS sizes WHERE bytes > %(most)s LIMIT 1
"""

# Primary keys. One upload of an account at a time is weighed against what it still may store.
WEIGH = """
SELECT accounts.id, accounts.max_stored_bytes
FROM tmp_files JOIN accounts ON accounts.id = tmp_files.account_id
WHERE tmp_files.id = %s AND accounts.max_stored_bytes IS NOT NULL
FOR NO KEY UPDATE OF accounts
"""


def check_terms(terms: Terms, *, asked: str, machine: str, timeout_seconds: int | None) -> None:
    """Raises Forbidden for a machine, or a time, that the account's jobs may not have.

    A job that `asked` for a machine which is not there, and moves to another, may use either.
    """
    if terms.machines is not None and not {asked, machine} & set(terms.machines):
        allowed = ", ".join(terms.machines) or "none"
        raise Forbidden(f'this account may not use the machine "{asked}"; it may use: {allowed}')
    most = terms.max_timeout_seconds
    if most is not None and timeout_seconds is not None and timeout_seconds > most:
        raise Forbidden(f"timeout_seconds: {timeout_seconds} is more than a job of this account may take, {most} s")


async def check(connection: Connection, account: Account) -> None:
    """Raises Forbidden when nothing of a month's bytes, or of what the account may store, is left."""
    await _check_month(connection, account)
    await check_stored(connection, account)


async def check_inputs(connection: Connection, account: Account, keys: Mapping[str, str]) -> None:
    """Raises Forbidden for a file of ours, given by its key with the input's name, that is too large for the account.

    How large the inputs from elsewhere are is not known before they are fetched.
    """
    most = account.terms.max_input_bytes
    if most is None or not keys:
        return
    row = await (await connection.execute(LARGER, {"keys": list(keys), "most": most})).fetchone()
    if row is not None:
        key, size = row
        raise Forbidden(f"input_files: {shown(keys[key])} has {size} bytes; this account's largest input is {most}")


async def check_stored(connection: Connection, account: Account) -> None:
    """Raises Forbidden when nothing is left of what the account may store."""
    most = account.terms.max_stored_bytes
    if most is not None and (stored := await _stored(connection, account.id)) >= most:
        raise _too_much(stored, most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What an account may still store, and the refusal of more."""

    bytes: int
    refusal: Forbidden


async def room(connection: Connection, file_id: UUID) -> Room | None:
    """What the account of a temporary file may still store; None: any number. Until the caller's transaction ends,
    nobody else's upload of that account is weighed. Raises Forbidden where there is no room."""
    row = await (await connection.execute(WEIGH, (file_id,))).fetchone()
    if row is None:
        return None
    account_id, most = row
    stored = await _stored(connection, account_id)
    refusal = _too_much(stored, most)
    if stored >= most:
        raise refusal
    return Room(bytes=most - stored, refusal=refusal)


async def _check_month(connection: Connection, account: Account) -> None:
    most = account.terms.max_month_bytes
    if most is None:
        return
    row = await (await connection.execute(MONTH, (account.id,))).fetchone()
    assert row is not None  # noqa: S101 - it always returns a row
    resets, moved = row
    if moved >= most:
        raise Forbidden(
            f"this account has moved {moved} bytes this month; its quota is {most}, and begins anew at {_utc(resets)}"
        )


async def _stored(connection: Connection, account_id: UUID) -> int:
    row = await (await connection.execute(STORED, {"account": account_id})).fetchone()
    assert row is not None  # noqa: S101 - it always returns a row
    return row[0]


def _too_much(stored: int, most: int) -> Forbidden:
    return Forbidden(
        f"this account stores {stored} bytes; its quota is {most}: there is room again when files are deleted "
        "(DELETE /api/jobs/{id}/files) or have expired"
    )


def _utc(time: datetime) -> str:
    return f"{time.isoformat()}Z"
