"""The ledger: every attempt that ends is metered, once, whatever befalls its worker."""

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest
from ffmill.jobs import attempts, repository
from ffmill.jobs.attempts import Claim
from ffmill.jobs.model import Result, Status, Usage
from ffmill.usage import ledger
from ffmill.usage.ledger import Asked, Sums
from ffmill.usage.prices import Prices
from tests.failures import LOST
from tests.integration.test_repository import SUBMISSION, claim, new_account, new_worker, result, submit

USED = Usage(input_bytes=11, cpu_seconds=1.5, gpu_seconds=0.25, run_seconds=2.5, peak_memory_bytes=1 << 20)
EVER = Asked(since=datetime(2000, 1, 1, tzinfo=UTC), before=datetime(2100, 1, 1, tzinfo=UTC))


async def claimed(connection: Connection, account: UUID | None = None, worker: UUID | None = None) -> Claim:
    await submit(connection, account or await new_account(connection), replace(SUBMISSION, metadata={"order": "17"}))
    return await claim(connection, worker or await new_worker(connection))


def ended(taken: Claim) -> Result:
    return replace(result(taken.job), usage=USED)


async def rows(connection: Connection) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute("SELECT * FROM usage ORDER BY ended_at")).fetchall()


async def test_an_attempt_that_ends_its_job_is_metered_whole(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        assert await attempts.finish(connection, taken.job, ended(taken))
        (row,) = await rows(connection)
    assert {name: row[name] for name in asdict(USED)} == asdict(USED)
    assert (row["job_id"], row["attempt"], row["account_id"]) == (taken.job.id, 1, taken.job.account_id)
    assert (row["machine"], row["status"], row["metadata"]) == ("cpu", "succeeded", {"order": "17"})
    assert row["output_bytes"] == 7
    assert row["queue_seconds"] >= 0
    assert row["wall_seconds"] > 0


async def test_a_failed_attempt_is_metered_too(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        await attempts.finish(connection, taken.job, Result(status=Status.FAILED, error_message="no", usage=USED))
        (row,) = await rows(connection)
    assert (row["status"], row["output_bytes"], row["cpu_seconds"]) == ("failed", 0, 1.5)


async def test_an_end_that_is_written_again_is_metered_once(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        assert await attempts.finish(connection, taken.job, ended(taken))
        assert not await attempts.finish(connection, taken.job, ended(taken))
        assert len(await rows(connection)) == 1


async def test_an_attempt_that_a_client_stopped_is_metered_as_cancelled(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        await repository.cancel(connection, taken.job.id, taken.job.account_id)
        assert not await attempts.finish(connection, taken.job, ended(taken))
        assert not await attempts.finish(connection, taken.job, ended(taken))
        (row,) = await rows(connection)
    assert (row["status"], row["output_bytes"], row["input_bytes"]) == ("cancelled", 0, 11)


async def test_a_job_that_was_cancelled_before_it_ran_used_nothing(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await submit(connection, account)
        await repository.cancel(connection, job.id, account)
        assert await rows(connection) == []


async def test_an_attempt_that_was_lost_is_not_metered_even_if_its_worker_comes_back(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        taken = await claimed(connection, worker=worker)
        await attempts.lose(connection, [worker], most=10, failure=LOST)
        assert not await attempts.finish(connection, taken.job, ended(taken))
        assert await rows(connection) == []
        again = await claim(connection, await new_worker(connection))
        assert not await attempts.finish(connection, taken.job, ended(taken))
        assert await attempts.finish(connection, again.job, ended(again))
        assert [row["attempt"] for row in await rows(connection)] == [2]


async def test_an_attempt_that_is_taken_for_lost_while_it_ends_is_not_metered(pool: Pool) -> None:
    async with pool.connection() as connection, pool.connection() as mending, pool.connection() as watching:
        worker = await new_worker(connection)
        taken = await claimed(connection, worker=worker)
        async with mending.transaction():
            await attempts.lose(mending, [worker], most=10, failure=LOST)
            finishing = asyncio.create_task(attempts.finish(connection, taken.job, ended(taken)))
            while not await somebody_waits(watching):
                pass
        assert not await finishing
        assert await rows(watching) == []


async def somebody_waits(connection: Connection) -> bool:
    """Whether a statement of this database waits for a lock."""
    waiting = await connection.execute(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return await waiting.fetchone() is not None


async def test_an_attempt_that_was_lost_before_its_job_was_cancelled_is_not_metered(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        taken = await claimed(connection, worker=worker)
        await attempts.lose(connection, [worker], most=10, failure=LOST)
        await repository.cancel(connection, taken.job.id, taken.job.account_id)
        assert not await attempts.finish(connection, taken.job, ended(taken))
        assert await rows(connection) == []


async def test_an_attempt_that_was_handed_back_is_not_metered(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        assert await attempts.hand_back(connection, taken.job)
        assert await rows(connection) == []


async def test_a_transaction_that_fails_meters_nothing(pool: Pool) -> None:
    async with pool.connection() as connection:
        taken = await claimed(connection)
        async with connection.transaction(force_rollback=True):  # as when the webhook could not be enqueued
            assert await attempts.finish(connection, taken.job, ended(taken))
        assert await rows(connection) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE usage SET input_bytes = 0",
        "DELETE FROM usage",
        "TRUNCATE usage",
        "DELETE FROM usage WHERE false",
        "UPDATE audit_log SET actor = ''",
        "DELETE FROM audit_log",
    ],
)
async def test_what_was_written_is_never_changed(pool: Pool, statement: LiteralString) -> None:
    async with pool.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="are never changed"):
            await connection.execute(statement)


async def write(connection: Connection, account: UUID, **differs: object) -> None:
    """A row of the ledger."""
    row: dict[str, object] = {
        "job_id": uuid4(),
        "attempt": 1,
        "account_id": account,
        "ended_at": datetime(2026, 3, 1, tzinfo=UTC),
        "machine": "cpu",
        "status": "succeeded",
        "metadata": {},
        "output_bytes": 100,
        "queue_seconds": 0,
        "wall_seconds": 3.5,
        **asdict(USED),
        **differs,
    }
    row["metadata"] = Jsonb(row["metadata"])
    marks = ", ".join(f"%({name})s" for name in row)
    await connection.execute(f"INSERT INTO usage ({', '.join(row)}) VALUES ({marks})".encode(), row)


async def test_sums_are_by_day_of_utc(pool: Pool) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    async with pool.connection() as connection:
        account = await new_account(connection)
        for time in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23)):
            await write(connection, account, ended_at=time, peak_memory_bytes=time.hour)
        await connection.execute("SET timezone = 'Asia/Tokyo'")
        found = dict(await ledger.sums(connection, account, EVER))
    assert list(found) == ["2026-03-01", "2026-03-02"]
    both = Sums(
        jobs=2, input_bytes=22, output_bytes=200, cpu_seconds=3, gpu_seconds=0.5, wall_seconds=7, peak_memory_bytes=23
    )
    assert found["2026-03-02"] == both
    assert found["2026-03-01"].plus(both).jobs == 3
    assert found["2026-03-01"].plus(both).peak_memory_bytes == 23


async def test_only_the_time_asked_for_and_the_account_count(pool: Pool) -> None:
    first, last = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    async with pool.connection() as connection:
        account, other = await new_account(connection), await new_account(connection)
        for time in (first - timedelta(microseconds=1), first, last):
            await write(connection, account, ended_at=time)
        await write(connection, other, ended_at=first)
        ((_, sums),) = await ledger.sums(connection, account, Asked(since=first, before=last))
    assert sums.jobs == 1


@pytest.mark.parametrize(
    ("group_by", "names"),
    [("machine", ["cpu", "nvidia"]), ("status", ["failed", "succeeded"]), ("metadata.o'r\"d%er", ["a", "b", None])],
)
async def test_sums_are_grouped_by_what_is_asked(pool: Pool, group_by: str, names: list[str | None]) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await write(connection, account, metadata={"o'r\"d%er": "a"})
        await write(connection, account, machine="nvidia", metadata={"o'r\"d%er": "b"})
        await write(connection, account, status="failed")
        found = await ledger.sums(connection, account, replace(EVER, group_by=group_by))
    assert [name for name, _ in found] == names
    assert sum(sums.jobs for _, sums in found) == 3


async def test_too_many_groups_are_refused(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_GROUPS", 2)
    async with pool.connection() as connection:
        account = await new_account(connection)
        for n in range(3):
            await write(connection, account, metadata={"n": str(n)})
        with pytest.raises(BadRequest, match=r"metadata\.n: ask for a shorter time"):
            await ledger.sums(connection, account, replace(EVER, group_by="metadata.n"))


async def test_the_ledger_is_read_by_its_index(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await connection.execute(
            "INSERT INTO usage (job_id, attempt, account_id, ended_at, machine, status, metadata, input_bytes,"
            " output_bytes, cpu_seconds, gpu_seconds, wall_seconds, queue_seconds, run_seconds, peak_memory_bytes)"
            " SELECT gen_random_uuid(), 1, %s, now() - n * interval '1 hour', 'cpu', 'succeeded', '{}', 1, 1, 1, 0, 1,"
            " 0, 1, 1 FROM generate_series(1, 5000) AS n",
            (account,),
        )
        await connection.execute("ANALYZE usage")
        values = {"account": account, "from": datetime.now(UTC) - timedelta(days=1), "before": datetime.now(UTC)}
        statement = f"EXPLAIN {ledger.SUM.format(group='machine')}".encode()
        plan = await (await connection.execute(statement, {**values, "most": 10, "key": None})).fetchall()
    assert "usage_of_account" in str(plan)


def test_a_cost_is_by_gb_in_and_out_and_by_seconds() -> None:
    prices = Prices(currency="EUR", gb=0.1, cpu_second=0.01, gpu_second=0.5)
    used = Sums(jobs=1, input_bytes=3 * 10**9, output_bytes=10**9, cpu_seconds=10, gpu_seconds=2)
    assert prices.cost(used) == pytest.approx(0.4 + 0.1 + 1.0)
    assert prices.cost(Sums()) == 0


def test_without_prices_there_is_no_cost() -> None:
    assert Prices(currency="USD", gb=0, cpu_second=0, gpu_second=0).cost(Sums(input_bytes=10**12)) is None
