"""The rows of `signing_keys`: the secrets that sign our URLs, shared by every process."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ffmill.db.pool import Connection
from ffmill.store.signing import SigningKey

SECRET_BYTES = 32  # as much as SHA-256 gives: RFC 2104, section 3
ID_BYTES = 6
KEPT_DAYS = 8  # after its successor: a URL lives 7 days, and a process may sign with an old key for a while

ALL = "SELECT id, secret FROM signing_keys ORDER BY created_at DESC, id"
LISTED = "SELECT id, created_at FROM signing_keys ORDER BY created_at DESC, id"
# Two processes that start at once: the second one waits here, and then finds the first one's key. So do two rotations,
# and each one's key is younger than all before.
LOCK = "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"
FIRST = "INSERT INTO signing_keys (id, secret) SELECT %s, %s WHERE NOT EXISTS (SELECT FROM signing_keys)"
NEXT = """
INSERT INTO signing_keys (id, secret, created_at)
SELECT %s, %s, greatest(clock_timestamp(), max(created_at) + interval '1 microsecond') FROM signing_keys
RETURNING id, created_at
"""
REMOVE_OTHERS = "DELETE FROM signing_keys WHERE id <> %s"
FORGET_OLD = """
DELETE FROM signing_keys AS old WHERE EXISTS (
    SELECT FROM signing_keys AS successor
    WHERE successor.created_at > old.created_at AND successor.created_at < now() - make_interval(days => %s)
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownKey:
    """What may be told of a signing key: all but its secret."""

    id: str  # as `kid` in the URLs that it signed
    created_at: datetime


async def load_or_create(connection: Connection) -> list[SigningKey]:
    """All signing keys, newest first; makes the first one where there is none."""
    if keys := await load(connection):
        return keys
    async with connection.transaction():
        await connection.execute(LOCK)
        await connection.execute(FIRST, (_new_id(), secrets.token_bytes(SECRET_BYTES)))
    return await load(connection)


async def load(connection: Connection) -> list[SigningKey]:
    """All signing keys, newest first."""
    rows = await (await connection.execute(ALL)).fetchall()
    return [SigningKey(id=row[0], secret=bytes(row[1])) for row in rows]


async def list_all(connection: Connection) -> list[KnownKey]:
    """The ids of all signing keys and when each was made, newest first: it signs, all verify."""
    cursor = connection.cursor(row_factory=class_row(KnownKey))
    return await (await cursor.execute(LISTED)).fetchall()


async def rotate(connection: Connection, *, at_once: bool = False) -> KnownKey:
    """Makes the key that signs from now on; `at_once` removes all older ones: every URL handed out becomes invalid.

    Every process follows within seconds.
    """
    async with connection.transaction():
        await connection.execute(LOCK)
        cursor = connection.cursor(row_factory=class_row(KnownKey))
        made = await (await cursor.execute(NEXT, (_new_id(), secrets.token_bytes(SECRET_BYTES)))).fetchone()
        assert made  # noqa: S101  # the statement always returns a row
        if at_once:
            await connection.execute(REMOVE_OTHERS, (made.id,))
    return made


async def forget_old(connection: Connection) -> int:
    """Removes the keys of which no URL can be valid any more, since a younger one has signed for 8 days; how many."""
    return (await connection.execute(FORGET_OLD, (KEPT_DAYS,))).rowcount


def _new_id() -> str:
    return secrets.token_hex(ID_BYTES)
