"""API keys, in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from ffmill.accounts import keys
from ffmill.accounts.model import USUAL, ApiKey, Scope
from ffmill.db.pool import Connection
from ffmill.errors import BadRequest, NotFound

_COLUMNS = """
api_keys.id, accounts.name AS account_name, api_keys.name, prefix, scopes, api_keys.created_at, expires_at,
last_used_at, revoked_at
"""

CREATE = f"""
WITH api_keys AS (
    INSERT INTO api_keys (account_id, name, prefix, hash, scopes, expires_at)
    VALUES (%(account)s, %(name)s, %(prefix)s, %(hash)s, %(scopes)s, %(expires_at)s) RETURNING *
)
SELECT {_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = account_id
"""  # noqa: S608 - our own fragments

# Index api_keys_of_account where an account is named.
LIST = f"""
SELECT {_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = account_id
ORDER BY accounts.name, api_keys.created_at, api_keys.id
"""  # noqa: S608 - our own fragments
LIST_OF = f"""
SELECT {_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = account_id
WHERE account_id = %s ORDER BY api_keys.created_at, api_keys.id
"""  # noqa: S608 - our own fragments

# The first revocation counts; a second one finds the key and leaves its time.
REVOKE = f"""
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) FROM accounts
WHERE accounts.id = account_id AND (api_keys.id::text = %(key)s OR prefix = %(key)s)
  AND (%(account)s::uuid IS NULL OR account_id = %(account)s)
RETURNING {_COLUMNS}
"""  # noqa: S608 - our own fragments


async def create(
    connection: Connection,
    account_id: UUID,
    name: str,
    *,
    scopes: Sequence[Scope] = USUAL,
    expires_at: datetime | None = None,
) -> tuple[str, ApiKey]:
    """A new key of the account: its text, which is never to be had again, and what is kept of it.

    Raises BadRequest.
    """
    if not name.strip() or len(name) > 200:
        raise BadRequest("the name of a key has 1 to 200 characters")
    if not scopes:
        raise BadRequest(f"a key has at least one scope of {', '.join(Scope)}")
    key = keys.new_key()
    values = {
        "account": account_id,
        "name": name,
        "prefix": keys.prefix(key),
        "hash": keys.digest(key),
        "scopes": [scope.value for scope in dict.fromkeys(scopes)],
        "expires_at": expires_at,
    }
    cursor = connection.cursor(row_factory=dict_row)
    kept = await (await cursor.execute(CREATE, values)).fetchone()
    assert kept  # noqa: S101  # the statement always returns a row
    return key, _key(kept)


async def list_all(connection: Connection) -> list[ApiKey]:
    """All keys, by account and age; the revoked ones too."""
    cursor = connection.cursor(row_factory=dict_row)
    return [_key(row) for row in await (await cursor.execute(LIST)).fetchall()]


async def list_of(connection: Connection, account_id: UUID) -> list[ApiKey]:
    """The account's keys, by age; the revoked ones too."""
    cursor = connection.cursor(row_factory=dict_row)
    return [_key(row) for row in await (await cursor.execute(LIST_OF, (account_id,))).fetchall()]


async def revoke(connection: Connection, prefix_or_id: str, *, account_id: UUID | None = None) -> ApiKey:
    """Revokes the key with that prefix or id, of that account or of any, from the next request on; raises NotFound."""
    cursor = connection.cursor(row_factory=dict_row)
    revoked = await (await cursor.execute(REVOKE, {"key": prefix_or_id, "account": account_id})).fetchone()
    if revoked is None:
        raise NotFound(f"there is no key {prefix_or_id!r}: `ffmill keys list` shows prefixes and ids")
    return _key(revoked)


def _key(row: Mapping[str, Any]) -> ApiKey:
    given: dict[str, Any] = {**row, "scopes": tuple(map(Scope, row["scopes"]))}
    return ApiKey(**given)
