"""Nothing accepted is lost: what dead workers leave behind is found and queued again."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from psycopg import OperationalError
from psycopg.errors import ReadOnlySqlTransaction

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.jobs import attempts, repository
from ffmill.jobs.model import Status
from ffmill.queue import outages
from ffmill.queue.engine import HOUSEKEEPING, TICKET, WEBHOOKS, Queue
from ffmill.webhooks import repository as deliveries
from ffmill.worker import recovery, registry
from ffmill.worker.registry import Registration
from tests.integration.test_repository import SUBMISSION, claim, new_account, new_worker, submit

SETTINGS = Settings(worker_lost_seconds=30, max_attempts=2)


@pytest.fixture
async def queue(pool: Pool) -> Queue:
    opened = Queue()
    await opened.open(pool)
    return opened


async def tickets(connection: Connection, status: str = "todo") -> int:
    rows = await connection.execute(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = %s", (TICKET, status)
    )
    row = await rows.fetchone()
    assert row is not None
    return row[0]


async def silence(connection: Connection, worker: UUID) -> None:
    await connection.execute("UPDATE workers SET heartbeat_at = now() - interval '31 seconds' WHERE id = %s", (worker,))


async def test_a_worker_takes_back_what_its_predecessor_of_that_name_had(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        dead, other = await new_worker(connection, "serve-1"), await new_worker(connection, "serve-2")
        account = await new_account(connection)
        jobs = [await submit(connection, account) for _ in range(2)]
        await claim(connection, dead)
        await claim(connection, other)
        await recovery.enlist(pool, queue, SETTINGS, Registration(name="serve-1", machine="cpu", concurrency=2))
        assert await repository.status(connection, jobs[0].id) == "queued"
        assert await repository.status(connection, jobs[1].id) == "running"
        assert await tickets(connection) == 1
        assert await registry.live_workers(connection, 30) == {"cpu": 2}


async def test_a_silent_worker_loses_its_jobs_and_a_beating_one_does_not(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        gone, alive = await new_worker(connection, "a"), await new_worker(connection, "b")
        lost, kept = [await submit(connection, account) for _ in range(2)]
        await claim(connection, gone)
        await claim(connection, alive)
        await silence(connection, gone)
        await recovery.bury_silent(pool, queue, SETTINGS)
        assert await repository.status(connection, lost.id) == "queued"
        assert await repository.status(connection, kept.id) == "running"
        assert not await registry.beat(connection, gone)
        assert await registry.beat(connection, alive)


async def test_a_job_that_loses_its_last_attempt_fails_and_its_webhook_is_called(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await submit(connection, account, replace(SUBMISSION, webhook_url="https://example.com/hook"))
        for _ in range(2):
            worker = await new_worker(connection)
            await claim(connection, worker)
            await silence(connection, worker)
            await recovery.bury_silent(pool, queue, SETTINGS)
        ended = await repository.get_any(connection, job.id)
        assert ended is not None
        assert ended.status is Status.FAILED
        assert "FFMILL_MAX_ATTEMPTS" in ended.error_message
        rows = await connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = %s", (WEBHOOKS,))
        assert await rows.fetchone() == (1,)


async def test_a_ticket_lost_with_its_worker_is_issued_again(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await submit(connection, account)
        await queue.issue(connection, "cpu")
        manager = queue.app.job_manager
        engine = await manager.register_worker()
        assert await manager.fetch_job(queues=["cpu"], worker_id=engine) is not None
        await connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        await queue.mend(30)
        await recovery.top_up_tickets(pool, queue)
        assert (await tickets(connection), await tickets(connection, "doing")) == (1, 0)
        await recovery.top_up_tickets(pool, queue)
        assert await tickets(connection) == 1


async def test_a_delivery_lost_with_its_worker_runs_again(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await submit(connection, account, replace(SUBMISSION, webhook_url="https://example.com/hook"))
        await queue.enqueue_delivery(connection, job.id)
        manager = queue.app.job_manager
        await manager.fetch_job(queues=[WEBHOOKS], worker_id=await manager.register_worker())
        await connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        await queue.mend(30)
        again = await manager.fetch_job(queues=[WEBHOOKS], worker_id=await manager.register_worker())
        assert again is not None
        (delivery,) = await deliveries.of_job(connection, job.id, account) or []
        assert again.task_kwargs == {"delivery_id": str(delivery.id), "round": 1}


async def test_a_queued_job_is_cancelled_at_its_wait_limit(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        late, early = await submit(connection, account, wait=0), await submit(connection, account, wait=900)
        await recovery.cancel_overdue(pool, queue, SETTINGS)
        assert await repository.status(connection, late.id) == "cancelled"
        assert await repository.status(connection, early.id) == "queued"
        assert await attempts.claim(connection, machine="cpu", worker=await new_worker(connection), ticket=1)


@pytest.fixture
async def numbered(queue: Queue) -> int:
    """The engine's number of this process as a worker."""
    return await queue.app.job_manager.register_worker()


def answer_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks the connection between a fetch and its answer."""
    fetch = JobManager.fetch_job

    async def lost(self: JobManager, queues: Iterable[str] | None, worker_id: int) -> None:
        await fetch(self, queues, worker_id)
        raise ConnectorException from OperationalError("the connection was reset after the commit")

    monkeypatch.setattr(JobManager, "fetch_job", lost)


@pytest.mark.parametrize(("name", "left"), [(WEBHOOKS, ["todo"]), ("cpu", []), (HOUSEKEEPING, [])])
async def test_a_task_whose_fetch_was_answered_to_nobody_is_taken_back(
    pool: Pool, queue: Queue, numbered: int, monkeypatch: pytest.MonkeyPatch, *, name: str, left: list[str]
) -> None:
    async with pool.connection() as connection:
        task = {WEBHOOKS: "delivery", "cpu": TICKET, HOUSEKEEPING: HOUSEKEEPING}[name]
        await connection.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES (%s, %s)", (name, task))
        answer_nobody(monkeypatch)
        assert await queue.app.job_manager.fetch_job([name], numbered) is None
        for expected in (["doing"], left):  # at the first look its answer may be on its way
            await queue.take_back()
            rows = await connection.execute("SELECT status FROM procrastinate_jobs")
            assert [row[0] for row in await rows.fetchall()] == expected


async def test_what_this_process_is_at_work_on_is_not_taken_back_nor_what_others_are(
    pool: Pool, queue: Queue, numbered: int
) -> None:
    other = Queue()
    await other.open(pool)
    theirs = await other.app.job_manager.register_worker()
    async with pool.connection() as connection:
        await queue.issue(connection, "cpu", 2)
        assert await queue.app.job_manager.fetch_job(["cpu"], numbered)
        assert await other.app.job_manager.fetch_job(["cpu"], theirs)
        for _ in range(3):
            await queue.take_back()
        assert await tickets(connection, "doing") == 2


async def test_a_task_whose_end_could_not_be_written_is_taken_back(
    pool: Pool, queue: Queue, numbered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_only(*_: object, **__: object) -> None:
        raise ConnectorException from ReadOnlySqlTransaction("the database is read-only")

    manager = queue.app.job_manager
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES (%s, 'delivery')", (WEBHOOKS,)
        )
        task = await manager.fetch_job([WEBHOOKS], numbered)
        assert task is not None
        monkeypatch.setattr(outages, "RETRY_SECONDS", 0)
        with monkeypatch.context() as outage:
            outage.setattr(JobManager, "retry_job", read_only)
            await manager.retry_job(task)
        for _ in range(2):
            await queue.take_back()
        rows = await connection.execute("SELECT status FROM procrastinate_jobs")
        assert await rows.fetchall() == [("todo",)]
