"""Accounts and API keys, in SQL."""

from uuid import UUID

from psycopg.rows import class_row

from ffmill.accounts import keys
from ffmill.accounts.model import Account, ApiKey, Share
from ffmill.db.pool import Connection
from ffmill.errors import BadRequest, NotFound

# Unique index on api_keys.hash.
ACCOUNT_OF_KEY = """
SELECT accounts.id, accounts.name, accounts.paid, api_keys.admin
FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
WHERE api_keys.hash = %s AND api_keys.revoked_at IS NULL
"""

# Unique index on accounts.name. The update changes nothing; it makes RETURNING give the row that was there.
ENSURE_ACCOUNT = """
INSERT INTO accounts (name, paid) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id, name, paid
"""

CREATE_KEY = """
WITH made AS (
    INSERT INTO api_keys (account_id, name, prefix, hash, admin) VALUES (%s, %s, %s, %s, %s) RETURNING *
)
SELECT made.id, accounts.name AS account_name, made.name, prefix, made.created_at, admin, revoked_at
FROM made JOIN accounts ON accounts.id = made.account_id
"""

LIST_KEYS = """
SELECT api_keys.id, accounts.name AS account_name, api_keys.name, prefix, api_keys.created_at, admin, revoked_at
FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
ORDER BY accounts.name, api_keys.created_at, api_keys.id
"""

# The first revocation counts; a second one finds the key and leaves its time.
REVOKE_KEY = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) FROM accounts
WHERE accounts.id = api_keys.account_id AND (api_keys.id::text = %(key)s OR prefix = %(key)s)
RETURNING api_keys.id, accounts.name AS account_name, api_keys.name, prefix, api_keys.created_at, admin, revoked_at
"""

# Unique index on accounts.name. What is not given stays; a ceiling of 0 means none.
SET_SHARE = """
UPDATE accounts SET weight = coalesce(%(weight)s, weight),
       max_running = CASE WHEN %(max_running)s::integer IS NULL THEN max_running ELSE nullif(%(max_running)s, 0) END
WHERE name = %(name)s
RETURNING name AS account_name, weight, max_running
"""

LIST_SHARES = "SELECT name AS account_name, weight, max_running FROM accounts ORDER BY name"


async def account_of_key(connection: Connection, key: str) -> Account | None:
    """The account that `key` speaks for; None for a key that is malformed, unknown or revoked."""
    if not keys.is_key(key):
        return None
    cursor = connection.cursor(row_factory=class_row(Account))
    return await (await cursor.execute(ACCOUNT_OF_KEY, (keys.digest(key),))).fetchone()


async def create_account(connection: Connection, name: str, *, paid: bool = False) -> Account:
    """The account of that name, made if there is none; `paid` holds for a new one."""
    cursor = connection.cursor(row_factory=class_row(Account))
    account = await (await cursor.execute(ENSURE_ACCOUNT, (name, paid))).fetchone()
    assert account  # noqa: S101  # the statement always returns a row
    return account


async def create_key(connection: Connection, account_id: UUID, name: str, *, admin: bool = False) -> tuple[str, ApiKey]:
    """A new key of the account: its text, which is never to be had again, and what is kept of it."""
    if not name.strip() or len(name) > 200:
        raise BadRequest("the name of a key has 1 to 200 characters")
    key = keys.new_key()
    cursor = connection.cursor(row_factory=class_row(ApiKey))
    await cursor.execute(CREATE_KEY, (account_id, name, keys.prefix(key), keys.digest(key), admin))
    kept = await cursor.fetchone()
    assert kept  # noqa: S101  # the statement always returns a row
    return key, kept


async def list_keys(connection: Connection) -> list[ApiKey]:
    """All keys, by account and age; the revoked ones too."""
    cursor = connection.cursor(row_factory=class_row(ApiKey))
    return await (await cursor.execute(LIST_KEYS)).fetchall()


async def revoke_key(connection: Connection, prefix_or_id: str) -> ApiKey:
    """Revokes the key with that prefix or id, from the next request on; raises NotFound."""
    cursor = connection.cursor(row_factory=class_row(ApiKey))
    revoked = await (await cursor.execute(REVOKE_KEY, {"key": prefix_or_id})).fetchone()
    if revoked is None:
        raise NotFound(f"there is no key {prefix_or_id!r}: `ffmill keys list` shows prefixes and ids")
    return revoked


async def list_shares(connection: Connection) -> list[Share]:
    """What every account gets of the workers, by name."""
    cursor = connection.cursor(row_factory=class_row(Share))
    return await (await cursor.execute(LIST_SHARES)).fetchall()


async def set_share(
    connection: Connection, name: str, *, weight: float | None = None, max_running: int | None = None
) -> Share:
    """Changes what is given of an account's share, for all claims from now on; a ceiling of 0 takes it away.

    Raises NotFound.
    """
    cursor = connection.cursor(row_factory=class_row(Share))
    await cursor.execute(SET_SHARE, {"name": name, "weight": weight, "max_running": max_running})
    share = await cursor.fetchone()
    if share is None:
        raise NotFound(f"there is no account {name!r}: `ffmill accounts list` shows them")
    return share
