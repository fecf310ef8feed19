"""Which workers there are: registration, heartbeat, and who is taken for dead."""

import socket
from uuid import UUID

from ffmill.db.pool import Connection

REGISTER = "INSERT INTO workers (name, host, machine, concurrency) VALUES (%s, %s, %s, %s) RETURNING id"

# Index workers_by_name. Locked, so that a claim under way ends before its worker's jobs are taken away.
PREDECESSORS = "SELECT id FROM workers WHERE name = %s FOR UPDATE"
SILENT = """
SELECT id FROM workers WHERE heartbeat_at < now() - make_interval(secs => %s) FOR UPDATE SKIP LOCKED
"""
REMOVE = "DELETE FROM workers WHERE id = ANY(%s)"
BEAT = "UPDATE workers SET heartbeat_at = now() WHERE id = %s RETURNING id"
LIVE = """
SELECT machine, count(*) FROM workers WHERE heartbeat_at >= now() - make_interval(secs => %s) GROUP BY machine
"""


async def register(connection: Connection, *, name: str, machine: str, concurrency: int) -> UUID:
    """Writes a worker's row and returns its id."""
    values = (name, socket.gethostname(), machine, concurrency)
    row = await (await connection.execute(REGISTER, values)).fetchone()
    assert row is not None  # noqa: S101 - RETURNING after a plain INSERT
    return row[0]


async def predecessors(connection: Connection, name: str) -> list[UUID]:
    """Workers of that name, all dead: a name is one process's at a time, as its parent sees to."""
    return [row[0] for row in await (await connection.execute(PREDECESSORS, (name,))).fetchall()]


async def silent(connection: Connection, seconds: float) -> list[UUID]:
    """Workers whose heartbeat has been gone for so long."""
    return [row[0] for row in await (await connection.execute(SILENT, (seconds,))).fetchall()]


async def remove(connection: Connection, workers: list[UUID]) -> None:
    """Deletes workers' rows; none of them can claim any more."""
    await connection.execute(REMOVE, (workers,))


async def beat(connection: Connection, worker: UUID) -> bool:
    """Renews the heartbeat; False when the worker was taken for dead and must stop."""
    return await (await connection.execute(BEAT, (worker,))).fetchone() is not None


async def live_workers(connection: Connection, within_seconds: float) -> dict[str, int]:
    """How many workers of each pool were heard of lately."""
    rows = await (await connection.execute(LIVE, (within_seconds,))).fetchall()
    return {row[0]: row[1] for row in rows}
