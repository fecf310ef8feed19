"""The secrets that sign an account's webhooks, in SQL."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from ffmill.db.pool import Connection

SECRET_BYTES = 32  # Standard Webhooks: between 24 and 64
PREFIX = "whsec_"
MOST_IN_FORCE = 10  # each adds 47 bytes to a header; those before the newest ten sign no more
OVERLAP_SECONDS = 86_400.0

_COLUMNS = "id, secret, created_at, expires_at"

# Index webhook_secrets_of_account. The one in force first, then those that still sign beside it.
LIST = f"""
SELECT {_COLUMNS} FROM webhook_secrets
WHERE account_id = %(account)s AND (expires_at IS NULL OR expires_at > now())
ORDER BY expires_at IS NULL DESC, created_at DESC, id LIMIT %(most)s
"""  # noqa: S608 - our own fragments

# Primary key. Rotations of an account come one after another: the second sees what the first made.
LOCK = "SELECT FROM accounts WHERE id = %s FOR NO KEY UPDATE"

# Index webhook_secrets_of_account. An overlap that was given before is shortened, never prolonged.
END = """
UPDATE webhook_secrets SET expires_at = least(expires_at, now() + make_interval(secs => %(overlap)s))
WHERE account_id = %(account)s AND (expires_at IS NULL OR expires_at > now())
"""

BEGIN = f"INSERT INTO webhook_secrets (account_id, secret) VALUES (%s, %s) RETURNING {_COLUMNS}"  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSecret:
    """A secret that signs the webhooks of an account."""

    id: UUID
    secret: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime | None  # None: it is the one in force

    @property
    def text(self) -> str:
        """The secret as receivers are given it."""
        return PREFIX + base64.b64encode(self.secret).decode()


async def list_of(connection: Connection, account_id: UUID) -> list[WebhookSecret]:
    """The account's secrets that have not expired, the one in force first, then the newest first; at most ten."""
    cursor = connection.cursor(row_factory=class_row(WebhookSecret))
    await cursor.execute(LIST, {"account": account_id, "most": MOST_IN_FORCE})
    return await cursor.fetchall()


async def in_force(connection: Connection, account_id: UUID) -> list[bytes]:
    """What the account's webhooks are signed with now, in the same order."""
    return [kept.secret for kept in await list_of(connection, account_id)]


async def rotate(connection: Connection, account_id: UUID, overlap_seconds: float = OVERLAP_SECONDS) -> WebhookSecret:
    """Puts a new secret in force; those before it sign for so many seconds more, 0 ends them at once.

    However many rotate at once, one secret is in force. The account must be there.
    """
    async with connection.transaction():
        await connection.execute(LOCK, (account_id,))
        await connection.execute(END, {"account": account_id, "overlap": overlap_seconds})
        cursor = connection.cursor(row_factory=class_row(WebhookSecret))
        made = await (await cursor.execute(BEGIN, (account_id, secrets.token_bytes(SECRET_BYTES)))).fetchone()
    assert made  # noqa: S101  # the statement always returns a row
    return made
