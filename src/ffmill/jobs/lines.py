"""Lines: an account that has jobs queued for a pool stands in line there, once, however many they are.

A line must be there as long as a queued job needs it, and go when none does; but whoever removes it cannot see the
job that is being submitted at that moment. So whoever queues jobs holds a lock that they all share, and the sweep
takes it alone, or comes back later.
"""

from uuid import UUID

from ffmill.db.pool import Connection

# Begins a statement that queues jobs: to be joined to, so that it is held before the line is looked for.
HELD = "WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(hashtext('ffmill lines'), 0))"

TRY_ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('ffmill lines'), 0)"

# Primary key of lines, index jobs_queued.
SWEEP = """
DELETE FROM lines WHERE NOT EXISTS (
    SELECT FROM jobs WHERE machine = lines.machine AND account_id = lines.account_id AND status = 'queued'
)
"""

# Primary keys, index jobs_queued. Pools in which the end of one of the account's jobs lets another one begin.
HELD_BACK = """
SELECT lines.machine FROM lines JOIN accounts ON accounts.id = lines.account_id
WHERE lines.account_id = %s AND accounts.max_running IS NOT NULL AND EXISTS (
    SELECT FROM jobs WHERE machine = lines.machine AND account_id = lines.account_id AND status = 'queued'
)
"""


async def sweep(connection: Connection) -> None:
    """Removes the lines in which no job is queued, unless jobs are being queued right now; in a transaction."""
    alone = await (await connection.execute(TRY_ALONE)).fetchone()
    if alone is not None and alone[0]:
        await connection.execute(SWEEP)


async def held_back(connection: Connection, account_id: UUID) -> list[str]:
    """The pools in which the account's ceiling may have held jobs back that can begin now, as one has ended."""
    return [row[0] for row in await (await connection.execute(HELD_BACK, (account_id,))).fetchall()]
