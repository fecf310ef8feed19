"""What is kept, for how long, and that nothing is half deleted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import Unavailable
from ffmill.jobs import attempts, tickets
from ffmill.jobs import repository as jobs
from ffmill.jobs.model import Status, Usage
from ffmill.queue.engine import HOUSEKEEPING, WEBHOOKS, Queue, Tasks
from ffmill.retention import deletions, repository
from ffmill.retention.expiry import Expiry, Step
from ffmill.store import prefixes
from ffmill.store.store import Store, open_store
from ffmill.worker import recovery
from ffmill.worker.ends import Ends
from tests.failures import LOST
from tests.integration.kept import begun, ended, objects, put, reader, uploaded
from tests.integration.s3_server import S3Server, s3_settings
from tests.integration.test_repository import SUBMISSION, claim, new_account, new_worker, submit

SETTINGS = Settings(keep_outputs_days=30, keep_uploads_days=1, keep_logs_days=90, keep_jobs_days=365)


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "disk":
        return open_store(Settings(store_url=(tmp_path / "store").as_uri()))
    server: S3Server = request.getfixturevalue("s3")
    return open_store(s3_settings(server, f"retention/{tmp_path.name}"))


@pytest.fixture
def disk(tmp_path: Path) -> Store:
    return open_store(Settings(store_url=(tmp_path / "disk").as_uri()))


@pytest.fixture
def gone_store() -> Store:
    """A store that cannot be reached."""
    keys: dict[str, Any] = {"s3_access_key_id": "a", "s3_secret_access_key": "b"}
    return open_store(Settings(store_url="s3://bucket/x", s3_endpoint="http://127.0.0.1:1", **keys))


async def age(connection: Connection, days: float, *job_ids: UUID) -> None:
    """Makes jobs, or all there are, with all that belongs to them, older."""
    which = "id = ANY(%(ids)s)" if job_ids else "true"
    values = {"days": days, "ids": list(job_ids)}
    for table, key, columns in (
        ("jobs", "id", ("created_at", "queued_at", "started_at", "finished_at")),
        ("job_logs", "job_id", ("written_at",)),
    ):
        earlier = ", ".join(f"{column} = {column} - %(days)s * interval '24 hours'" for column in columns)
        await connection.execute(f"UPDATE {table} SET {earlier} WHERE {which.replace('id', key, 1)}".encode(), values)


async def age_uploads(connection: Connection, days: float) -> None:
    await connection.execute("UPDATE tmp_files SET created_at = created_at - %s * interval '24 hours'", (days,))


async def one(connection: Connection, statement: str, *values: object) -> Any:
    row = await (await connection.execute(statement.encode(), values)).fetchone()
    assert row is not None
    return row[0]


async def passed(pool: Pool, store: Store, settings: Settings = SETTINGS) -> dict[str, int]:
    """What one pass deleted."""
    return {what: count async for what, count in Expiry(settings, pool, store).steps() if count}


# outputs


async def test_outputs_are_deleted_when_their_time_is_over_and_not_before(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        old, young = [await ended(connection, store, account, "a", "b#1") for _ in range(2)]
        await age(connection, 30.001, old.id)
        await age(connection, 29.999, young.id)
        assert await passed(pool, store) == {"outputs of jobs": 1, "prefixes of objects": 1}
        now = await jobs.get_any(connection, old.id)
        assert now is not None
        assert (now.status, now.outputs, now.total_output_bytes) == (Status.SUCCEEDED, (), old.total_output_bytes or 4)
        assert now.files_deleted_at is not None
        assert now.updated_at == now.files_deleted_at
        assert await objects(store) == sorted(store.location(output.key) for output in young.outputs)
        assert await passed(pool, store) == {}


@pytest.mark.parametrize(
    ("term", "count"), [(0.001, 1), (None, 0), (1000, 0), (1e300, 0), (float("inf"), 0), (float("nan"), 0)]
)
async def test_an_account_has_terms_of_its_own(pool: Pool, disk: Store, term: float | None, count: int) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await connection.execute("UPDATE accounts SET keep_outputs_days = %s", (term,))
        await ended(connection, disk, account, "a")
        await age(connection, 0.002)
        assert (await passed(pool, disk)).get("outputs of jobs", 0) == count


async def test_days_may_be_short(pool: Pool, disk: Store) -> None:
    settings = Settings(keep_outputs_days=0.001, keep_logs_days=0.001, keep_jobs_days=0.001)
    async with pool.connection() as connection:
        await ended(connection, disk, await new_account(connection), "a")
        assert await passed(pool, disk, settings) == {}
        await age(connection, 0.002)
        assert await passed(pool, disk, settings) == {
            "outputs of jobs": 1,
            "logs": 1,
            "jobs": 1,
            "prefixes of objects": 1,
        }


async def test_outputs_that_a_job_will_read_stay_until_it_has_ended(pool: Pool, disk: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        owner = await ended(connection, disk, account, "a")
        waiting = await reader(connection, account, owner.id)
        await age(connection, 400, owner.id)
        assert await passed(pool, disk) == {"logs": 1}
        await claim(connection, await new_worker(connection))
        assert await passed(pool, disk) == {}
        await jobs.cancel(connection, waiting.id, account)
        gone = await passed(pool, disk)
        assert (gone["outputs of jobs"], gone["jobs"], gone["references of ended jobs"]) == (1, 1, 1)
        assert await objects(disk) == []


async def test_many_are_deleted_in_batches_in_all_accounts(
    pool: Pool, disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "BATCH", 2)
    monkeypatch.setattr(deletions, "PAGE", 2)
    async with pool.connection() as connection:
        for _ in range(2):
            account = await new_account(connection)
            for _ in range(3):
                await ended(connection, disk, account, "a")
                await uploaded(connection, disk, account)
        await age(connection, 40)
        await age_uploads(connection, 2)
        assert await passed(pool, disk) == {"outputs of jobs": 6, "temporary files": 6, "prefixes of objects": 12}
        assert await objects(disk) == []


# temporary files, logs, jobs, and what is small


async def test_temporary_files_are_deleted_uploaded_or_not(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await uploaded(connection, store, account)
        unused = await begun(connection, account)
        held, key = await uploaded(connection, store, account)
        await reader(connection, account, held)
        await put(store, f"tmp/{unused}/broken-off")
        await age_uploads(connection, 1.01)
        _, young = await uploaded(connection, store, account)
        assert await passed(pool, store) == {"temporary files": 2, "prefixes of objects": 2}
        assert await objects(store) == sorted([key, young])


async def test_logs_are_deleted_before_their_jobs(pool: Pool, disk: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await ended(connection, disk, account, status=Status.FAILED)
        await age(connection, 91)
        assert await passed(pool, disk) == {"logs": 1}
        assert await jobs.log(connection, job.id, account) is None
        assert await jobs.status(connection, job.id) == "failed"


async def test_a_job_goes_with_its_files_and_all_that_belongs_to_it_but_the_ledger(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await ended(connection, store, account, "a")
        await connection.execute(
            "INSERT INTO deliveries (job_id, url, state) VALUES (%s, 'http://x', 'failed')", (job.id,)
        )
        await connection.execute(
            "INSERT INTO job_progress (job_id, attempt, command_index) VALUES (%s, 1, 0)", (job.id,)
        )
        await connection.execute("INSERT INTO audit_log (actor, action, subject) VALUES ('a', 'b', 'c')")
        await connection.execute("UPDATE accounts SET keep_outputs_days = 1000, keep_logs_days = 1000")
        queued = await submit(connection, account)
        await age(connection, 366)
        assert await passed(pool, store) == {"jobs": 1, "prefixes of objects": 1}
        assert await jobs.status(connection, queued.id) == "queued"
        for table in ("job_logs", "deliveries", "job_progress", "deletions"):
            assert await one(connection, f"SELECT count(*) FROM {table}") == 0, table
        assert await one(connection, "SELECT count(*) FROM usage WHERE job_id = %s", job.id) == 1
        assert await one(connection, "SELECT count(*) FROM audit_log") == 1
        assert await objects(store) == []


async def test_a_probe_of_which_nobody_knows_any_more_goes_soon(pool: Pool, disk: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        probe, job = await ended(connection, disk, account, "a"), await ended(connection, disk, account, "b")
        await connection.execute("UPDATE jobs SET program = 'ffprobe' WHERE id = %s", (probe.id,))
        assert await passed(pool, disk) == {}
        await age(connection, 0.01)
        assert await passed(pool, disk) == {"probes": 1, "prefixes of objects": 1}
        assert [await jobs.status(connection, each.id) for each in (probe, job)] == [None, "succeeded"]


async def test_idle_rate_limits_and_references_of_ended_jobs_are_forgotten(pool: Pool, disk: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        done, waiting = [await reader(connection, account, uuid4()) for _ in range(2)]
        await jobs.cancel(connection, done.id, account)
        await connection.execute(
            "INSERT INTO rate_limits (key, full_at) VALUES ('idle', now() - interval '61 min'), ('new', now())"
        )
        assert await passed(pool, disk) == {"references of ended jobs": 1, "idle rate limits": 1}
        assert await one(connection, "SELECT job_id FROM file_references") == waiting.id
        assert await one(connection, "SELECT key FROM rate_limits") == "new"


# nothing is half deleted


async def test_what_a_pass_that_died_left_is_deleted_by_the_next(pool: Pool, disk: Store, gone_store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await ended(connection, disk, account, "a")
        await uploaded(connection, disk, account)
        await age(connection, 31)
        await age_uploads(connection, 2)
        await Expiry(SETTINGS, pool, gone_store).run()
        now = await jobs.get_any(connection, job.id)
        assert now is not None
        assert now.files_deleted_at is not None
        assert len(await objects(disk)) == 2
        assert await passed(pool, disk) == {"prefixes of objects": 2}
        assert await objects(disk) == []


async def test_a_batch_that_breaks_off_changes_nothing(pool: Pool, disk: Store) -> None:
    async with pool.connection() as connection:
        await ended(connection, disk, await new_account(connection), "a")
        await age(connection, 31)
        async with connection.transaction(force_rollback=True):
            assert await repository.expire_outputs(connection, days=30) == 1
        assert await one(connection, "SELECT count(*) FROM deletions") == 0
        assert await one(connection, "SELECT count(*) FROM jobs WHERE files_deleted_at IS NULL") == 1


async def test_one_prefix_that_cannot_be_deleted_does_not_hold_up_the_others(
    pool: Pool, disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = disk.delete_prefix

    async def refuse(prefix: str) -> None:
        if prefix == "outputs/b/":
            raise Unavailable("permission denied")
        await delete(prefix)

    monkeypatch.setattr(disk, "delete_prefix", refuse)
    async with pool.connection() as connection:
        await prefixes.ask(connection, ["outputs/a/", "outputs/b/", "outputs/c/"])
        for top in "abc":
            await put(disk, f"outputs/{top}/x")
        assert await deletions.carry_out_all(pool, disk) == 2
        assert await objects(disk) == ["outputs/b/x"]
        assert await one(connection, "SELECT prefix FROM deletions") == "outputs/b/"


async def test_what_is_asked_for_again_meanwhile_is_listed_again(
    pool: Pool, disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = disk.delete_prefix

    async def late(prefix: str) -> None:
        await delete(prefix)
        monkeypatch.undo()
        await put(disk, "outputs/a/late")
        async with pool.connection() as other:
            await prefixes.ask(other, [prefix])

    monkeypatch.setattr(disk, "delete_prefix", late)
    async with pool.connection() as connection:
        await prefixes.ask(connection, ["outputs/a/"])
        await deletions.carry_out(pool, disk, "outputs/a/")
        assert await objects(disk) == ["outputs/a/late"]
        assert await deletions.carry_out_all(pool, disk) == 1
        assert await objects(disk) == []


async def test_a_step_that_fails_does_not_hold_up_the_others(pool: Pool, disk: Store) -> None:
    async def fail(_: Connection) -> int:
        raise ZeroDivisionError

    expiry = Expiry(SETTINGS, pool, disk)
    expiry._steps = (Step(name="faults", batch=fail), *expiry._steps)  # pyright: ignore[reportPrivateUsage]
    async with pool.connection() as connection:
        await ended(connection, disk, await new_account(connection), "a")
        await age(connection, 31)
        await expiry.run()
    assert await objects(disk) == []


# the engine's task


@pytest.fixture
async def queue(pool: Pool) -> Queue:
    opened = Queue()
    await opened.open(pool)
    return opened


async def test_a_worker_keeps_house_when_it_starts(queue: Queue) -> None:
    kept = asyncio.Event()

    async def expire() -> None:
        kept.set()

    async def nothing(*_: object) -> None: ...

    tasks = Tasks(work=nothing, deliver=nothing, expire=expire)
    working = asyncio.create_task(queue.work(WEBHOOKS, tasks, concurrency=2, drain_seconds=1, silent_seconds=30))
    async with asyncio.timeout(60):
        await kept.wait()
    working.cancel()
    await asyncio.wait([working])


async def defer(queue: Queue, timestamp: int) -> int | None:
    """Queues a round of housekeeping, as every worker does."""
    registry: Any = queue.app.periodic_registry
    task = registry.periodic_tasks[HOUSEKEEPING, ""].task.configure(task_kwargs={"timestamp": timestamp}).job
    return await queue.app.job_manager.defer_periodic_job(task, "", timestamp)


async def test_a_round_that_was_lost_with_its_worker_is_dropped_and_the_next_one_runs(pool: Pool, queue: Queue) -> None:
    manager = queue.app.job_manager
    async with pool.connection() as connection:
        assert await defer(queue, 300) is not None
        assert await defer(queue, 300) is None  # another worker did it
        dead = await manager.register_worker()
        assert await manager.fetch_job(queues=[WEBHOOKS, HOUSEKEEPING], worker_id=dead) is not None
        following = await defer(queue, 600)
        alive = await manager.register_worker()
        assert await manager.fetch_job(queues=[HOUSEKEEPING], worker_id=alive) is None  # one at a time
        await connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' WHERE id = %s", (dead,)
        )
        await queue.mend(30)
        task = await manager.fetch_job(queues=[HOUSEKEEPING], worker_id=alive)
        assert task is not None
        assert task.id == following


async def test_a_round_is_left_out_while_there_is_no_database(pool: Pool, queue: Queue) -> None:
    await pool.close()
    assert await defer(queue, 300) is None


# what attempts leave behind


async def test_what_a_store_cannot_delete_after_an_attempt_is_deleted_later(
    pool: Pool, disk: Store, gone_store: Store, queue: Queue
) -> None:
    async with pool.connection() as connection:
        await submit(connection, await new_account(connection))
        claimed = await claim(connection, await new_worker(connection))
        await put(disk, f"outputs/{claimed.job.id}/1/x")
        ends = Ends(SETTINGS, pool=pool, queue=queue, store=gone_store)
        await ends.hand_back(claimed.job, "", Usage())
        assert await jobs.status(connection, claimed.job.id) == "queued"
        assert await passed(pool, disk) == {"prefixes of objects": 1}
        assert await objects(disk) == []


async def test_what_the_attempts_of_a_job_that_is_given_up_kept_is_deleted(
    pool: Pool, disk: Store, queue: Queue
) -> None:
    async with pool.connection() as connection:
        await submit(connection, await new_account(connection), replace(SUBMISSION, warnings=()))
        worker = await new_worker(connection)
        job = (await claim(connection, worker)).job
        await put(disk, f"outputs/{job.id}/1/x")
        async with connection.transaction():
            await recovery.bury(connection, queue, Settings(max_attempts=1), [worker])
        assert await jobs.status(connection, job.id) == "failed"
        await connection.execute("UPDATE deletions SET due_at = due_at - interval '1 hour'")
        assert await passed(pool, disk) == {"prefixes of objects": 1}
        assert await objects(disk) == []


# each statement stays within its index

FILL = """
WITH made AS (
    INSERT INTO accounts (name) SELECT 'a' || place FROM generate_series(0, 49) AS place RETURNING id
), account AS (
    SELECT id, row_number() OVER () AS place FROM made
), filled AS (
    INSERT INTO jobs (id, account_id, status, machine, input_files, output_files, ffmpeg_commands, timeout_seconds,
                      created_at, finished_at)
    SELECT gen_random_uuid(), account.id, CASE WHEN n % 20 = 0 THEN 'queued' ELSE 'succeeded' END, 'cpu', '{}',
           '["o"]', '["c"]', 60, now() - n * interval '1 hour',
           CASE WHEN n % 20 = 0 THEN NULL ELSE now() - n * interval '1 hour' END
    FROM generate_series(1, 20000) AS n JOIN account ON place = n / 20 % 50 + 1
    RETURNING id, account_id, status, created_at
), logged AS (
    INSERT INTO job_logs (job_id, account_id, log, written_at) SELECT id, account_id, 'x', created_at FROM filled
), referred AS (
    INSERT INTO file_references (job_id, owner_id) SELECT id, gen_random_uuid() FROM filled WHERE status = 'queued'
)
INSERT INTO tmp_files (account_id, created_at) SELECT account_id, created_at FROM filled
"""

PLANS = {
    "jobs_with_files": (repository.DUE_OUTPUTS, "jobs"),
    "file_references_by_owner": (repository.DUE_OUTPUTS, "jobs"),
    "tmp_files_by_age": (repository.DUE_UPLOADS, "tmp_files"),
    "job_logs_by_age": (repository.DELETE_LOGS, "job_logs"),
    "job_logs_pkey": (repository.DELETE_LOGS, "job_logs"),
    "jobs_of_account": (repository.DUE_JOBS, "jobs"),
    "jobs_pkey": (repository.DELETE_JOBS, "jobs"),
    "tmp_files_pkey": (repository.DELETE_UPLOADS, "tmp_files"),
}


@pytest.mark.parametrize("index", PLANS)
async def test_statements_use_their_index_on_a_filled_table(pool: Pool, index: str) -> None:
    statement, table = PLANS[index]
    async with pool.connection() as connection:
        await connection.execute(FILL)
        await connection.execute("ANALYZE accounts, jobs, job_logs, tmp_files, file_references")
        values = {"days": 30.0, "most": 500, "ids": [uuid4() for _ in range(3)]}
        rows: Sequence[Any] = await (await connection.execute(f"EXPLAIN {statement}".encode(), values)).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert index in plan, plan
    assert f"Seq Scan on {table}" not in plan


async def test_a_job_stays_until_its_webhook_is_delivered_or_given_up(pool: Pool, disk: Store, queue: Queue) -> None:
    async with pool.connection() as connection:
        job = await ended(connection, disk, await new_account(connection), "x")
        await connection.execute("UPDATE jobs SET webhook_url = 'http://x/', created_at = now() - interval '2 years'")
        await queue.enqueue_delivery(connection, job.id)
        await passed(pool, disk)
        assert await one(connection, "SELECT count(*) FROM jobs") == 1
        await connection.execute("UPDATE deliveries SET state = 'failed'")
        await passed(pool, disk)
        assert await one(connection, "SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize("lost_first", [True, False])
async def test_what_a_cancelled_jobs_attempts_kept_goes_once_they_must_have_ended(
    pool: Pool, disk: Store, queue: Queue, *, lost_first: bool
) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        job = await submit(connection, account)
        await claim(connection, worker)
        if lost_first:
            await attempts.lose(connection, [worker], most=10, failure=LOST)
        cancelled = await jobs.cancel(connection, job.id, account)
        assert cancelled is not None
        await tickets.ended(connection, queue, cancelled[0])
        await put(disk, f"outputs/{job.id}/1/x")  # by an attempt that nobody has told yet
        await passed(pool, disk)
        assert len(await objects(disk)) == 1
        await connection.execute("UPDATE deletions SET due_at = due_at - interval '1 hour'")
        await passed(pool, disk)
        assert await objects(disk) == []
