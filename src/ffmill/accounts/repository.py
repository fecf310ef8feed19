"""Accounts and their terms, in SQL."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import RowMaker, dict_row

from ffmill.accounts.model import TERMS, Account, Terms
from ffmill.db.pool import Connection
from ffmill.errors import BadRequest, NotFound
from ffmill.webhooks.secrets import SECRET_BYTES

# Unique index on accounts.name. Every account has a secret that signs its webhooks.
CREATE = """
WITH made AS (
    INSERT INTO accounts (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING RETURNING *
), signed AS (
    INSERT INTO webhook_secrets (account_id, secret) SELECT id, %(secret)s FROM made
)
SELECT * FROM made
"""

# Unique index on accounts.name.
FIND = "SELECT * FROM accounts WHERE name = %s"

# Primary key.
GET = "SELECT * FROM accounts WHERE id = %s"

# Primary key. Whoever changes the account waits.
HOLD = "SELECT * FROM accounts WHERE id = %s FOR NO KEY UPDATE"

LIST = "SELECT * FROM accounts ORDER BY name"

# Primary key. What is not named stays.
CHANGE = sql.SQL("UPDATE accounts SET {changes} WHERE id = {id} RETURNING *")

MOST_CHARACTERS = 200


def account_row(cursor: AsyncCursor[Any]) -> RowMaker[Account]:
    """A psycopg row factory: all columns of `accounts`."""
    row = dict_row(cursor)
    return lambda values: account_of(row(values))


def account_of(row: Mapping[str, Any]) -> Account:
    """The account that a row, as a mapping by column name, holds."""
    return Account(id=row["id"], name=row["name"], created_at=row["created_at"], terms=Terms.of(row))


async def create(connection: Connection, name: str) -> Account | None:
    """A new account; None where there is one of that name. Raises BadRequest."""
    _check_name(name)
    cursor = connection.cursor(row_factory=account_row)
    await cursor.execute(CREATE, {"name": name, "secret": secrets.token_bytes(SECRET_BYTES)})
    return await cursor.fetchone()


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > MOST_CHARACTERS or not name.isprintable():
        raise BadRequest(f"the name of an account has 1 to {MOST_CHARACTERS} printable characters, no space around it")
    if "/" in name or name in (".", ".."):
        raise BadRequest("the name of an account holds no slash and is not . or ..: it stands in paths")
    with suppress(ValueError):
        UUID(name)
        raise BadRequest("the name of an account must not look like an id")


async def find(connection: Connection, name: str) -> Account:
    """The account of that name; raises NotFound."""
    cursor = connection.cursor(row_factory=account_row)
    # a name that cannot be one is not asked for: PostgreSQL refuses some characters
    account = await (await cursor.execute(FIND, (name,))).fetchone() if name.isprintable() else None
    if account is None:
        raise NotFound(f"there is no account {name!r}: `ffmill accounts list` shows them")
    return account


async def get(connection: Connection, account_id: UUID) -> Account | None:
    """The account with that id; None where there is none."""
    cursor = connection.cursor(row_factory=account_row)
    return await (await cursor.execute(GET, (account_id,))).fetchone()


async def hold(connection: Connection, account_id: UUID) -> Account:
    """The account with that id, which nobody else changes until the transaction ends; raises NotFound."""
    cursor = connection.cursor(row_factory=account_row)
    account = await (await cursor.execute(HOLD, (account_id,))).fetchone()
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account


async def list_all(connection: Connection) -> list[Account]:
    """All accounts, by name."""
    cursor = connection.cursor(row_factory=account_row)
    return await (await cursor.execute(LIST)).fetchall()


async def change(connection: Connection, account_id: UUID, changes: Mapping[str, Any]) -> Account:
    """Sets those of an account's terms that are named, from now on; raises NotFound."""
    assert changes.keys() <= set(TERMS)  # noqa: S101  # names of columns are ours
    cursor = connection.cursor(row_factory=account_row)
    if not changes:
        account = await get(connection, account_id)
    else:
        pairs = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in changes]
        statement = CHANGE.format(changes=sql.SQL(", ").join(pairs), id=sql.Placeholder("id"))
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
        await cursor.execute(statement, {**values, "id": account_id})
        account = await cursor.fetchone()
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account
