"""Connections that the server closed, and a server that says nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import nullcontext

import psycopg
import pytest

from ffmill.db.pool import Connection, LendingPool, Pool

from .outages import close_all, silenced


@pytest.fixture(autouse=True)
async def soon_over() -> AsyncGenerator[None]:
    """A wait without an end would be one for the tests too."""
    async with asyncio.timeout(60):
        yield


async def pid(connection: Connection) -> int:
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    assert row
    return row[0]


async def grown(pool: Pool, size: int) -> None:
    """Lets the pool have so many idle connections."""
    everybody = asyncio.Barrier(size)

    async def hold() -> None:
        async with pool.connection():
            await everybody.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(size):
            group.create_task(hold())


async def test_no_connection_is_lent_that_the_server_has_closed(pool: Pool, database_url: str) -> None:
    await grown(pool, 8)
    close_all(database_url)
    for _ in range(8):
        async with pool.connection() as connection:
            assert await pid(connection)


async def test_a_silent_server_is_waited_for_no_longer_than_a_connection_is_lent(pool: Pool, database_url: str) -> None:
    assert isinstance(pool, LendingPool)
    for in_transaction in (False, True):
        pool.use_seconds = 0.1
        with silenced(database_url), pytest.raises(psycopg.OperationalError):
            async with pool.connection() as connection, connection.transaction() if in_transaction else nullcontext():
                await connection.execute("SELECT 1")
        pool.use_seconds = None
        async with pool.connection() as connection:
            assert await pid(connection)
