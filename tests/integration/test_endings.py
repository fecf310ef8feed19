"""Waiting for a job's end through one listening connection."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from ffmill.db.pool import Pool
from ffmill.jobs import endings as endings_module
from ffmill.jobs import repository
from ffmill.jobs.endings import Endings

from .outages import silenced


async def test_a_waiter_wakes_when_its_job_ends_and_no_other_does(pool: Pool, database_url: str) -> None:
    endings = Endings(database_url)
    mine, other = uuid4(), uuid4()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        listening = group.create_task(endings.run())
        await endings.listening.wait()
        async with endings.watch(mine) as changed, endings.watch(other) as unchanged, pool.connection() as connection:
            await repository.announce_end(connection, mine)
            await changed.wait()
            assert not unchanged.is_set()
        listening.cancel()


async def test_all_waiters_look_again_after_a_gap_in_listening(pool: Pool, database_url: str) -> None:
    endings = Endings(database_url)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        listening = group.create_task(endings.run())
        await endings.listening.wait()
        async with endings.watch(uuid4()) as changed, pool.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            )
            await changed.wait()
        listening.cancel()


async def test_a_notification_that_names_no_job_is_nothing(pool: Pool, database_url: str) -> None:
    endings = Endings(database_url)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        listening = group.create_task(endings.listen())
        await endings.listening.wait()
        job = uuid4()
        async with endings.watch(job) as changed, pool.connection() as connection:
            for payload in ("", "nothing", "é" * 1000):
                await connection.execute("SELECT pg_notify(%s, %s)", (repository.ENDED_CHANNEL, payload))
            await repository.announce_end(connection, job)
            await changed.wait()
        listening.cancel()


async def test_whatever_fails_it_listens_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings_module, "RETRY_SECONDS", 0)
    failures: list[Exception] = [TimeoutError(), ValueError("no UUID"), psycopg.OperationalError("gone")]
    listen = Endings.listen

    async def failing(self: Endings) -> None:
        if failures:
            raise failures.pop()
        await listen(self)

    monkeypatch.setattr(Endings, "listen", failing)
    endings = Endings(database_url)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        listening = group.create_task(endings.run())
        await endings.listening.wait()
        listening.cancel()
    assert failures == []


async def test_a_listening_connection_that_is_silent_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings_module, "SILENCE_SECONDS", 1)
    endings = Endings(database_url)
    async with asyncio.timeout(30):
        listening = asyncio.create_task(endings.listen())
        await endings.listening.wait()
        with silenced(database_url), pytest.raises(psycopg.OperationalError):
            await listening


async def test_nothing_is_kept_of_those_who_no_longer_wait(database_url: str) -> None:
    endings = Endings(database_url)
    job = uuid4()
    async with endings.watch(job), endings.watch(job):
        pass
    assert endings._waiters == {}  # pyright: ignore[reportPrivateUsage]


async def test_listening_where_nobody_answers_is_an_error() -> None:
    with pytest.raises(psycopg.OperationalError):
        await Endings("postgresql://nobody@127.0.0.1:1/none").listen()
