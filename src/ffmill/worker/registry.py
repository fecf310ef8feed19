"""Which workers there are: registration, heartbeat, and who is taken for dead."""

import socket
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from ffmill.db.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What a worker says of itself when it starts."""

    name: str
    machine: str
    concurrency: int  # jobs at once
    ffmpeg_version: str = ""
    sandbox: str = ""  # the level in force
    ffmpeg_build: str | None = None  # its id, where that is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A registered worker process."""

    id: UUID
    name: str
    host: str
    machine: str
    concurrency: int  # jobs at once
    ffmpeg_version: str
    sandbox: str  # the level in force
    started_at: datetime
    heartbeat_at: datetime
    is_live: bool  # whether it was heard of lately
    jobs: list[UUID]  # at work there


REGISTER = """
INSERT INTO workers (name, host, machine, concurrency, ffmpeg_version, sandbox, ffmpeg_build)
VALUES (%s, %s, %s, %s, %s, %s, %s)
RETURNING id
"""

# Index workers_by_name. Locked, so that a claim under way ends before its worker's jobs are taken away.
PREDECESSORS = "SELECT id FROM workers WHERE name = %s FOR UPDATE"
SILENT = """
SELECT id FROM workers WHERE heartbeat_at < now() - make_interval(secs => %s) FOR UPDATE SKIP LOCKED
"""
REMOVE = "DELETE FROM workers WHERE id = ANY(%s)"
BEAT = "UPDATE workers SET heartbeat_at = now() WHERE id = %s RETURNING id"
# Index jobs_running.
ALL = """
SELECT id, name, host, machine, concurrency, ffmpeg_version, sandbox, started_at, heartbeat_at,
       heartbeat_at >= now() - make_interval(secs => %s) AS is_live,
       ARRAY(SELECT jobs.id FROM jobs WHERE jobs.worker = workers.id AND status = 'running' ORDER BY started_at) AS jobs
FROM workers ORDER BY machine, name, started_at
"""
LIVE = """
SELECT machine, count(*) FROM workers WHERE heartbeat_at >= now() - make_interval(secs => %s) GROUP BY machine
"""


async def register(connection: Connection, newcomer: Registration) -> UUID:
    """Writes a worker's row and returns its id."""
    told = (newcomer.machine, newcomer.concurrency, newcomer.ffmpeg_version, newcomer.sandbox, newcomer.ffmpeg_build)
    values = (newcomer.name, socket.gethostname(), *told)
    row = await (await connection.execute(REGISTER, values)).fetchone()
    assert row is not None  # noqa: S101 - RETURNING after a plain INSERT
    return row[0]


async def all_workers(connection: Connection, silent_seconds: float) -> list[Worker]:
    """All that are registered, by pool and name; a worker taken for dead is not among them any more."""
    async with connection.cursor(row_factory=class_row(Worker)) as cursor:
        await cursor.execute(ALL, (silent_seconds,))
        return await cursor.fetchall()


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
