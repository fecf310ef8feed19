"""Files that a job will read are kept until it has ended, however a submission and a deletion meet."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest
from ffmill.jobs import references, repository
from ffmill.jobs.model import Job
from ffmill.retention import repository as retention
from ffmill.store.store import Store, open_store
from tests.integration.kept import ended, uploaded
from tests.integration.test_repository import new_account, submit

SECOND = 1 / 86_400  # in days


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(Settings(store_url=(tmp_path / "store").as_uri()))


async def old_job(connection: Connection, store: Store, account: UUID) -> Job:
    """A job whose outputs are due to be deleted."""
    job = await ended(connection, store, account, "a.mp4")
    await connection.execute("UPDATE jobs SET finished_at = now() - interval '1 hour' WHERE id = %s", (job.id,))
    return job


async def refer(connection: Connection, account: UUID, key: str) -> Job:
    """A queued job that will read the object, as a submission makes it within its transaction."""
    await references.lock(connection, {key: "in.mp4"})
    job = await submit(connection, account)
    await references.write(connection, {job.id: {"in.mp4": key}})
    return job


async def expire(connection: Connection) -> int:
    async with connection.transaction():
        return await retention.expire_outputs(connection, days=SECOND)


async def until_blocked(connection: Connection, work: Awaitable[Any]) -> "asyncio.Task[Any]":
    """Begins what will wait for a lock, and returns when it does."""
    task = asyncio.ensure_future(work)
    async with asyncio.timeout(30):
        while (await _one(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted")) == 0:
            assert not task.done()
    return task  # pyright: ignore[reportReturnType]  # a coroutine's future is a task


async def _one(connection: Connection, statement: str) -> Any:
    row = await (await connection.execute(statement.encode())).fetchone()
    assert row is not None
    return row[0]


async def test_a_submission_that_came_first_keeps_the_files_until_its_job_has_ended(pool: Pool, store: Store) -> None:
    async with pool.connection() as submitting, pool.connection() as deleting:
        account = await new_account(submitting)
        owner = await old_job(submitting, store, account)
        async with submitting.transaction():
            job = await refer(submitting, account, owner.outputs[0].key)
            assert await expire(deleting) == 0  # it is locked: nobody waits for it
        assert await expire(deleting) == 0
        await repository.cancel(submitting, job.id, account)
        assert await expire(deleting) == 1


async def test_a_submission_that_comes_second_is_refused_and_names_the_input(pool: Pool, store: Store) -> None:
    async with pool.connection() as submitting, pool.connection() as deleting, pool.connection() as watching:
        account = await new_account(submitting)
        owner = await old_job(submitting, store, account)
        async with deleting.transaction():
            assert await retention.expire_outputs(deleting, days=SECOND) == 1
            waiting = await until_blocked(watching, references.lock(submitting, {owner.outputs[0].key: "in.mp4"}))
        with pytest.raises(BadRequest, match=r'input_files: "in\.mp4": the file behind this URL has been deleted'):
            await waiting


async def test_what_was_referred_to_between_lock_and_decision_is_kept(pool: Pool, store: Store) -> None:
    """The statement that locks has an older snapshot than its locks; the one that decides has none of that age."""
    async with pool.connection() as submitting, pool.connection() as deleting:
        account = await new_account(submitting)
        owner = await old_job(submitting, store, account)
        due = {"days": SECOND, "most": 10}
        assert await (await deleting.execute(retention.DUE_OUTPUTS.encode(), due)).fetchall() == [(owner.id,)]
        await refer(submitting, account, owner.outputs[0].key)
        gone = await deleting.execute(retention.DELETE_OUTPUTS.encode(), {"ids": [owner.id]})
        assert await gone.fetchone() == (0,)


async def test_a_temporary_file_is_held_and_refused_alike(pool: Pool, store: Store) -> None:
    async with pool.connection() as submitting, pool.connection() as deleting:
        account = await new_account(submitting)
        _, key = await uploaded(submitting, store, account)
        await submitting.execute("UPDATE tmp_files SET created_at = now() - interval '1 hour'")
        async with submitting.transaction():
            await references.lock(submitting, {key: "in"})
            async with deleting.transaction():
                assert await retention.expire_uploads(deleting, days=SECOND) == 0
        async with deleting.transaction():
            assert await retention.expire_uploads(deleting, days=SECOND) == 1
        with pytest.raises(BadRequest, match='"in"'):
            await references.lock(submitting, {key: "in"})


async def test_the_files_of_a_job_that_is_gone_cannot_be_read(pool: Pool) -> None:
    async with pool.connection() as connection:
        with pytest.raises(BadRequest, match="has been deleted"):
            await references.lock(connection, {f"outputs/{uuid4()}/1/x": "in"})


@pytest.mark.parametrize("key", ["outputs/other/1/x", "signed/by/a/test", f"tmp/{UUID(int=7)}", "outputs"])
async def test_a_key_of_another_form_has_no_owner(pool: Pool, key: str) -> None:
    async with pool.connection() as connection:
        await references.lock(connection, {key: "in"})
        await references.write(connection, {uuid4(): {"in": key}})
        assert await _one(connection, "SELECT count(*) FROM file_references") == 0


async def test_many_submissions_take_one_statement_each(
    pool: Pool, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        owners = [await uploaded(connection, store, account) for _ in range(5)]
        jobs = {
            (await submit(connection, account)).id: {str(n): key for n, (_, key) in enumerate(owners)} for _ in "ab"
        }
        calls, execute = list[Any](), connection.execute

        async def counted(*arguments: Any) -> Any:
            calls.append(arguments)
            return await execute(*arguments)

        monkeypatch.setattr(connection, "execute", counted)
        await references.lock(connection, {key: "in" for _, key in owners})
        await references.write(connection, jobs)
        monkeypatch.undo()
        assert len(calls) == 2
        assert await _one(connection, "SELECT count(*) FROM file_references") == 10


async def test_a_file_that_is_read_under_two_names_is_referred_to_once(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        owner = await ended(connection, store, account, "a", "b")
        job = await submit(connection, account)
        keys = [output.key for output in owner.outputs]
        await references.write(connection, {job.id: {"1": keys[0], "2": keys[0], "3": keys[1]}})
        assert await _one(connection, "SELECT count(*) FROM file_references") == 1
