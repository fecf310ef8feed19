"""Objects that are to go: their prefixes are written in the transaction that makes them needless, and then they go.

A process that dies in between leaves the row, and the next pass does the rest: deleting twice is deleting once.
"""

import asyncio
from datetime import datetime

import structlog

from ffmill.db.pool import UNREACHABLE, Pool
from ffmill.errors import Unavailable
from ffmill.store.store import Store

LOG = structlog.stdlib.get_logger()
PAGE = 100
AT_ONCE = 4

# Primary key.
NEXT = "SELECT prefix, due_at FROM deletions WHERE prefix > %s AND due_at <= now() ORDER BY prefix LIMIT %s"
# Not when it was asked for again meanwhile: there may be more of it.
DONE = "DELETE FROM deletions WHERE prefix = %s AND due_at = %s"
DUE_AT = "SELECT due_at FROM deletions WHERE prefix = %s"


async def carry_out(pool: Pool, store: Store, prefix: str) -> None:
    """Deletes what is under one prefix, asked for or not; raises Unavailable, and then what was asked for stays so."""
    async with pool.connection() as connection:
        row = await (await connection.execute(DUE_AT, (prefix,))).fetchone()
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
                tasks = [group.create_task(_try(pool, store, turns, prefix, due_at)) for prefix, due_at in page]
        except* (Unavailable, *UNREACHABLE) as failures:
            raise failures.exceptions[0] from failures
        gone += sum(task.result() for task in tasks)
        last = page[-1][0]
    return gone


async def _next(pool: Pool, last: str) -> list[tuple[str, datetime]]:
    async with pool.connection() as connection:
        return [(row[0], row[1]) for row in await (await connection.execute(NEXT, (last, PAGE))).fetchall()]


async def _try(pool: Pool, store: Store, turns: asyncio.Semaphore, prefix: str, due_at: datetime) -> bool:
    async with turns:
        try:
            await store.delete_prefix(prefix)
        except Unavailable as error:
            await store.check()
            LOG.warning("objects cannot be deleted", prefix=prefix, error=error.message)
            return False
        await _done(pool, prefix, due_at)
        return True


async def _done(pool: Pool, prefix: str, due_at: datetime) -> None:
    async with pool.connection() as connection:
        await connection.execute(DONE, (prefix, due_at))
