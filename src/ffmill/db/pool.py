"""Connections to PostgreSQL: pooled, and no wait on them without an end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

Connection: TypeAlias = AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

UNREACHABLE = (OperationalError, PoolTimeout, PoolClosed)
"""What psycopg raises when the database cannot be reached or does not answer in time: 503 at the edge."""

CONNECT = {
    "connect_timeout": 5,
    # a peer that vanished is noticed within some 15 s, not after the kernel's two hours
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
FORGET_US = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = '15s'"
)
"""The same for the server: it would keep a vanished host's connections, and their locks, for two hours."""

TIMEOUTS = "SET statement_timeout = '15s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'"


async def configure(connection: Connection) -> None:
    """Autocommit, and an end for every statement; by SET, because poolers refuse it in the connection string."""
    await connection.set_autocommit(True)
    await connection.execute(f"{TIMEOUTS}; {FORGET_US}")


@asynccontextmanager
async def open_pool(url: str, *, min_size: int = 1, max_size: int = 10) -> AsyncGenerator[Pool]:
    """A pool of autocommit connections to `url`; transactions are opened where they are needed.

    Raises PoolTimeout when the database cannot be reached within 10 s.
    """
    pool: Pool = AsyncConnectionPool(
        url,
        kwargs=CONNECT,
        configure=configure,
        min_size=min_size,
        max_size=max_size,
        timeout=5.0,
        open=False,
    )
    await pool.open()
    try:
        await pool.wait(timeout=10.0)
        yield pool
    finally:
        await pool.close(timeout=1.0)
