"""Connections to PostgreSQL: pooled, and no wait on them without an end."""

import asyncio
import os
import select
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeAlias

import psycopg
import structlog
from psycopg import AsyncConnection, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from ffmill.errors import CannotStart

LOG = structlog.stdlib.get_logger()

Connection: TypeAlias = AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

UNREACHABLE = (OperationalError, IdleInTransactionSessionTimeout, ReadOnlySqlTransaction, PoolTimeout, PoolClosed)
"""What psycopg raises when the database cannot be reached, does not answer in time, or takes no writes for now, as amid
a failover: 503 at the edge."""

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
CONFIGURE_SECONDS = 5.0
REACH_SECONDS = 10.0
CHECK_SECONDS = 2.0


class LendingPool(AsyncConnectionPool[Connection]):
    """A pool that lends no connection which the server has closed, and none for longer than it should be used."""

    def __init__(self, url: str, *, min_size: int, max_size: int, use_seconds: float | None) -> None:
        super().__init__(
            url,
            kwargs=CONNECT,
            configure=configure,
            check=self._check_first,
            min_size=min_size,
            max_size=max_size,
            timeout=5.0,
            open=False,
        )
        self.use_seconds = use_seconds

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[Connection]:  # noqa: ASYNC109  # psycopg's
        """A connection as any pool lends it; when its time is over, whoever waits for it gets OperationalError."""
        async with super().connection(timeout) as connection:
            if self.use_seconds is None:
                yield connection
                return
            with cut_after(connection, self.use_seconds):
                yield connection

    @staticmethod
    async def check_connection(conn: Connection) -> None:
        """Raises OperationalError when the server has closed the connection, as it does to all when it restarts.

        Nothing is to be read from an idle connection but that, so while there is nothing no question is sent.
        """
        poll = select.poll()
        poll.register(conn.fileno(), select.POLLIN)
        if poll.poll(0):
            with cut_after(conn, CHECK_SECONDS):
                await conn.execute("")

    async def _check_first(self, connection: Connection) -> None:
        """Where one is closed, the others are looked at too: the pool would pause a second after each."""
        try:
            await self.check_connection(connection)
        except OperationalError:
            await self.check()
            raise


@contextmanager
def cut_after(connection: Connection, seconds: float) -> Generator[None]:
    """Cuts the connection when it is used for longer: whoever waits for it gets OperationalError.

    A time limit that cancels would do worse: psycopg asks a silent database to cancel too, which takes 10 s more.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _cut, connection, seconds)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection, seconds: float) -> None:
    LOG.warning("the database was silent for too long; its connection is cut", seconds=seconds)
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


async def configure(connection: Connection) -> None:
    """Autocommit, and an end for every statement; by SET, because poolers refuse it in the connection string."""
    with cut_after(connection, CONFIGURE_SECONDS):
        await connection.set_autocommit(True)
        await connection.execute(f"{TIMEOUTS}; {FORGET_US}")


@asynccontextmanager
async def open_pool(
    url: str, *, min_size: int = 1, max_size: int = 10, use_seconds: float | None = None
) -> AsyncGenerator[Pool]:
    """A pool of autocommit connections to `url`; transactions are opened where they are needed.

    A connection that is used for longer than `use_seconds` at a time is cut; None lends without an end, as for
    listening. Raises CannotStart when the database cannot be reached within 10 s.
    """
    pool = LendingPool(url, min_size=min_size, max_size=max_size, use_seconds=use_seconds)
    await pool.open()
    try:
        await _reach(pool)
        yield pool
    finally:
        await pool.close(timeout=1.0)


async def _reach(pool: Pool) -> None:
    try:
        await pool.wait(timeout=REACH_SECONDS)
    except PoolTimeout as error:
        raise CannotStart(f"the database cannot be reached, for {REACH_SECONDS:g} s: does it run?") from error
