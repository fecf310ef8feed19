"""What has happened since this process began, read from tables to which rows are only added: each row once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg.rows import namedtuple_row

from ffmill.db.pool import Connection
from ffmill.metrics.instruments import Instruments

PAGE = 500  # rows: some milliseconds of the loop
MOST_PAGES = 40  # at once; what is left is for the next time

# Every transaction before it has ended, so that none is yet to come that would add a row before it. One of another
# database of the same server that goes on for long holds it back: what it hides is late, and not lost.
_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"
HORIZON = f"SELECT {_HORIZON}::text::bigint"

# Rows that came from another database by a backup have its numbers, but they are old.
_SINCE = (
    f"WHERE xid >= %s::text::xid8 AND xid < {_HORIZON} AND {{time}} > now() - interval '1 day'"
    f" ORDER BY xid FETCH FIRST {PAGE} ROWS WITH TIES"
)
# Index usage_by_xid.
ATTEMPTS = f"""
SELECT xid::text::bigint AS xid, machine, status, queue_seconds, run_seconds, wall_seconds,
       input_bytes, output_bytes, cpu_seconds, gpu_seconds
FROM usage {_SINCE.format(time="ended_at")}
"""  # noqa: S608 - our own fragments
# Index delivery_attempts_by_xid.
CALLS = f"""
SELECT xid::text::bigint AS xid, error IS NULL AS delivered, duration_seconds
FROM delivery_attempts {_SINCE.format(time="started_at")}
"""  # noqa: S608 - our own fragments


async def horizon(connection: Connection) -> int:
    """The first transaction that may still add rows."""
    row = await (await connection.execute(HORIZON)).fetchone()
    assert row is not None  # noqa: S101 - it always returns a row
    return row[0]


class Ledger:
    """Counts attempts and calls of webhooks, all from the transaction `since` on."""

    def __init__(self, instruments: Instruments, since: int) -> None:
        self._tables = (
            Table(statement=ATTEMPTS, since=since, count=_attempt(instruments)),
            Table(statement=CALLS, since=since, count=_call(instruments)),
        )

    async def catch_up(self, connection: Connection) -> None:
        """Counts what was added since the last time; of very much, a part."""
        for table in self._tables:
            for _ in range(MOST_PAGES):
                if not await table.turn(connection):
                    break


@dataclass(kw_only=True, slots=True)
class Table:
    """How far a table is read."""

    statement: str
    since: int  # the transaction whose rows are next
    count: Callable[[Any], None]  # takes a row

    async def turn(self, connection: Connection) -> bool:
        """Counts a page; whether there may be another one. A page holds all rows of the transactions that it has."""
        cursor = connection.cursor(row_factory=namedtuple_row)
        rows: list[Any] = [*await (await cursor.execute(self.statement.encode(), (str(self.since),))).fetchall()]
        for row in rows:  # with no wait in between: a row is counted and passed, or neither
            self.count(row)
        if rows:
            self.since = rows[-1].xid + 1
        return len(rows) >= PAGE


def _attempt(to: Instruments) -> Callable[[Any], None]:
    def count(row: Any) -> None:
        machine = row.machine
        to.attempts.labels(machine, row.status).inc()
        to.queue_seconds.labels(machine).observe(max(row.queue_seconds, 0))
        to.run_seconds.labels(machine).observe(row.run_seconds)
        to.overhead_seconds.labels(machine).observe(max(row.wall_seconds - row.run_seconds, 0))
        to.input_bytes.labels(machine).inc(row.input_bytes)
        to.output_bytes.labels(machine).inc(row.output_bytes)
        to.cpu_seconds.labels(machine).inc(row.cpu_seconds)
        to.gpu_seconds.labels(machine).inc(row.gpu_seconds)

    return count


def _call(to: Instruments) -> Callable[[Any], None]:
    def count(row: Any) -> None:
        to.webhook_attempts.labels("delivered" if row.delivered else "failed").inc()
        to.webhook_seconds.observe(row.duration_seconds)

    return count
