"""Objects that are to go: their prefixes are written in the transaction that makes them needless, and then they go.

A process that dies in between leaves the row, and the next pass does the rest: deleting twice is deleting once.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from ffmill.db.pool import UNREACHABLE, Connection, Pool
from ffmill.errors import Unavailable
from ffmill.store.store import Store

LOG = structlog.stdlib.get_logger()
PAGE = 100
AT_ONCE = 4

# To be formatted with a query that gives prefixes, each once. One that is asked for again is to be listed again.
ASK = """
    INSERT INTO deletions (prefix) {prefixes} ON CONFLICT (prefix) DO UPDATE SET asked_at = excluded.asked_at
"""
ASK_FOR = ASK.format(prefixes="SELECT DISTINCT unnest(%s::text[])")

# Primary key.
NEXT = "SELECT prefix, asked_at FROM deletions WHERE prefix > %s ORDER BY prefix LIMIT %s"
# Not when it was asked for again meanwhile: there may be more of it.
DONE = "DELETE FROM deletions WHERE prefix = %s AND asked_at = %s"
ASKED_AT = "SELECT asked_at FROM deletions WHERE prefix = %s"


def of_job(job_id: object) -> str:
    """The prefix of all that the attempts at a job kept."""
    return f"outputs/{job_id}/"


def of_attempt(job_id: object, attempt: int) -> str:
    """The prefix of what one attempt kept."""
    return f"{of_job(job_id)}{attempt}/"


async def ask(connection: Connection, prefixes: Sequence[str]) -> None:
    """Writes down what is to go, in the caller's transaction: nobody may need any object under these prefixes."""
    await connection.execute(ASK_FOR.encode(), (list(prefixes),))


async def carry_out(pool: Pool, store: Store, prefix: str) -> None:
    """Deletes what is under one prefix, asked for or not; raises Unavailable, and then what was asked for stays so."""
    async with pool.connection() as connection:
        row = await (await connection.execute(ASKED_AT, (prefix,))).fetchone()
    await store.delete_prefix(prefix)
    if row:
        await _done(pool, prefix, row[0])


async def carry_out_all(pool: Pool, store: Store) -> int:
    """Deletes all that is asked for; the number of prefixes that are gone.

    One that cannot be deleted stays for the next pass; raises Unavailable when the store cannot be used at all.
    """
    gone, last = 0, ""
    while page := await _next(pool, last):
        turns = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_try(pool, store, turns, prefix, asked_at)) for prefix, asked_at in page]
        except* (Unavailable, *UNREACHABLE) as failures:
            raise failures.exceptions[0] from failures
        gone += sum(task.result() for task in tasks)
        last = page[-1][0]
    return gone


async def _next(pool: Pool, last: str) -> list[tuple[str, datetime]]:
    async with pool.connection() as connection:
        return [(row[0], row[1]) for row in await (await connection.execute(NEXT, (last, PAGE))).fetchall()]


async def _try(pool: Pool, store: Store, turns: asyncio.Semaphore, prefix: str, asked_at: datetime) -> bool:
    async with turns:
        try:
            await store.delete_prefix(prefix)
        except Unavailable as error:
            await store.check()
            LOG.warning("objects cannot be deleted", prefix=prefix, error=error.message)
            return False
        await _done(pool, prefix, asked_at)
        return True


async def _done(pool: Pool, prefix: str, asked_at: datetime) -> None:
    async with pool.connection() as connection:
        await connection.execute(DONE, (prefix, asked_at))
