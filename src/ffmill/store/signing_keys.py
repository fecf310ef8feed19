"""The rows of `signing_keys`: the secrets that sign our URLs, shared by every process."""

import secrets

from ffmill.db.pool import Connection
from ffmill.store.signing import SigningKey

SECRET_BYTES = 32  # as much as SHA-256 gives: RFC 2104, section 3
ID_BYTES = 6

ALL = "SELECT id, secret FROM signing_keys ORDER BY created_at DESC, id"
# Two processes that start at once: the second one waits here, and then finds the first one's key.
LOCK = "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"
FIRST = "INSERT INTO signing_keys (id, secret) SELECT %s, %s WHERE NOT EXISTS (SELECT FROM signing_keys)"


async def load_or_create(connection: Connection) -> list[SigningKey]:
    """All signing keys, newest first; makes the first one where there is none."""
    if keys := await _load(connection):
        return keys
    async with connection.transaction():
        await connection.execute(LOCK)
        await connection.execute(FIRST, (secrets.token_hex(ID_BYTES), secrets.token_bytes(SECRET_BYTES)))
    return await _load(connection)


async def _load(connection: Connection) -> list[SigningKey]:
    rows = await (await connection.execute(ALL)).fetchall()
    return [SigningKey(id=row[0], secret=bytes(row[1])) for row in rows]
