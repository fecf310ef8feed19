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
    SELECT %(account)s, %(name)s, %(prefix)s, %(hash)s, %(scopes)s, %(expires_at)s
    WHERE coalesce(%(expires_at)s::timestamptz, 'infinity') > now() RETURNING *
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

_NAMED = "(api_keys.id::text = %(key)s OR prefix = %(key)s) AND account_id = coalesce(%(account)s, account_id)"

FIND = f"""
SELECT {_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = account_id WHERE {_NAMED} LIMIT 1
"""  # noqa: S608 - our own fragments

# The first revocation counts.
REVOKE = f"""
UPDATE api_keys SET revoked_at = now() FROM accounts
WHERE accounts.id = account_id AND revoked_at IS NULL AND {_NAMED}
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
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise BadRequest("the name of a key has 1 to 200 printable characters")
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
    if kept is None:
        raise BadRequest(f"a key must expire in the future, not at {expires_at.isoformat() if expires_at else None}")
    return key, _key(kept)


async def list_all(connection: Connection) -> list[ApiKey]:
    """All keys, by account and age; the revoked ones too."""
    cursor = connection.cursor(row_factory=dict_row)
    return [_key(row) for row in await (await cursor.execute(LIST)).fetchall()]


async def list_of(connection: Connection, account_id: UUID) -> list[ApiKey]:
    """The account's keys, by age; the revoked ones too."""
    cursor = connection.cursor(row_factory=dict_row)
    return [_key(row) for row in await (await cursor.execute(LIST_OF, (account_id,))).fetchall()]


async def find(connection: Connection, prefix_or_id: str, *, account_id: UUID | None = None) -> ApiKey:
    """The key with that prefix or id, of that account or of any; raises NotFound."""
    if (found := await _named(connection, FIND, prefix_or_id, account_id)) is None:
        raise NotFound(f"there is no key {prefix_or_id!r}; the list of keys shows prefixes and ids")
    return found


async def revoke(connection: Connection, prefix_or_id: str, *, account_id: UUID | None = None) -> ApiKey | None:
    """Revokes the key with that prefix or id, of that account or of any, from the next request on.

    None where no such key was in force.
    """
    return await _named(connection, REVOKE, prefix_or_id, account_id)


async def _named(connection: Connection, statement: str, prefix_or_id: str, account_id: UUID | None) -> ApiKey | None:
    if not prefix_or_id.isprintable():  # PostgreSQL refuses some characters
        return None
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(statement.encode(), {"key": prefix_or_id, "account": account_id})
    found = await cursor.fetchone()
    return _key(found) if found else None


def _key(row: Mapping[str, Any]) -> ApiKey:
    given: dict[str, Any] = {**row, "scopes": tuple(map(Scope, row["scopes"]))}
    return ApiKey(**given)
