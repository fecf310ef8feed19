"""Metrics against a real database: what there is now, and what has happened since, each row counted once."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ffmill.db.pool import Connection, Pool
from ffmill.metrics import ledger, metrics, present
from ffmill.metrics.metrics import Metrics
from ffmill.queue.engine import Queue
from ffmill.worker import registry
from tests.integration.outages import close_all, silenced
from tests.integration.test_repository import FILL, START_HALF, claim, new_account, new_worker, submit

ATTEMPT = """
INSERT INTO usage (job_id, attempt, account_id, machine, status, metadata, input_bytes, output_bytes, cpu_seconds,
                   gpu_seconds, wall_seconds, queue_seconds, run_seconds, peak_memory_bytes)
SELECT gen_random_uuid(), 1, %s, %s, %s, '{}', 100, 10, 2.5, 0.5, 1.53, 0.2, 1.5, 1 FROM generate_series(1, %s)
"""
CALL = """
INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_seconds, error, answer)
VALUES (%s, %s, now(), 0.3, %s, '')
"""
Samples = Mapping[str, float]


def samples(text: bytes) -> Samples:
    """The samples in a text, by name and labels as the text has them."""
    return {
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sample.labels.items())}}}": sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def attempts(connection: Connection, account: UUID, status: str = "succeeded", count: int = 1) -> None:
    await connection.execute(ATTEMPT, (account, "cpu", status, count))


async def new_delivery(connection: Connection, account: UUID) -> UUID:
    job = await submit(connection, account)
    rows = await connection.execute("INSERT INTO deliveries (job_id, url) VALUES (%s, 'x') RETURNING id", (job.id,))
    row = await rows.fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
async def told(pool: Pool) -> Metrics:
    """Metrics that count from the start of the test."""
    return await metrics.begin(pool, ["cpu", "nvidia"], 30)


async def test_every_pool_of_the_installation_is_told_of_though_it_is_idle(told: Metrics) -> None:
    found = samples(await told.scrape())
    assert found["ffmill_up_database{}"] == 1
    assert found["ffmill_webhooks_pending{}"] == found["ffmill_webhook_attempts_total{result=failed}"] == 0
    for machine in ("cpu", "nvidia"):
        for name in ("queue_depth", "queue_age_seconds", "workers", "worker_slots", "worker_slots_busy"):
            assert found[f"ffmill_{name}{{machine={machine}}}"] == 0
        assert found[f"ffmill_attempts_total{{machine={machine},status=failed}}"] == 0
        assert found[f"ffmill_job_run_seconds_count{{machine={machine}}}"] == 0


async def test_what_is_queued_and_at_work_is_told_by_pool(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        for _ in range(3):
            await submit(connection, account)
        await claim(connection, worker)
        await connection.execute("UPDATE jobs SET queued_at = now() - interval '1 hour' WHERE status = 'queued'")
    found = samples(await told.scrape())
    assert found["ffmill_jobs{machine=cpu,status=queued}"] == 2
    assert found["ffmill_jobs{machine=cpu,status=running}"] == 1
    assert found["ffmill_queue_depth{machine=cpu}"] == 2
    assert 3600 <= found["ffmill_queue_age_seconds{machine=cpu}"] < 3900
    of_workers = [found[f"ffmill_{name}{{machine=cpu}}"] for name in ("workers", "worker_slots", "worker_slots_busy")]
    assert of_workers == [1, 2, 1]


async def test_a_silent_worker_has_no_slots(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        await claim(connection, worker)
        await connection.execute("UPDATE workers SET heartbeat_at = now() - interval '31 s'")
    found = samples(await told.scrape())
    assert [found[f"ffmill_{name}{{machine=cpu}}"] for name in ("workers", "worker_slots", "worker_slots_busy")] == [
        0
    ] * 3
    assert found["ffmill_jobs{machine=cpu,status=running}"] == 1


async def test_a_pool_that_no_api_process_was_told_of_is_told_of_too(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        await registry.register(connection, registry.Registration(name="x", machine="cpu-large", concurrency=7))
    assert samples(await told.scrape())["ffmill_worker_slots{machine=cpu-large}"] == 7


async def test_webhooks_are_pending_until_they_are_delivered_or_given_up(pool: Pool, told: Metrics) -> None:
    queue = Queue()
    await queue.open(pool)
    async with pool.connection() as connection:
        account = await new_account(connection)
        for _ in range(2):
            job = await submit(connection, account)
            await connection.execute("UPDATE jobs SET webhook_url = 'http://x/' WHERE id = %s", (job.id,))
            await queue.enqueue_delivery(connection, job.id)
        await queue.issue(connection, "cpu", 5)
        assert samples(await told.scrape())["ffmill_webhooks_pending{}"] == 2
        await connection.execute("UPDATE deliveries SET state = 'failed'")
    assert samples(await told.scrape())["ffmill_webhooks_pending{}"] == 0


async def test_attempts_are_counted_with_what_they_took(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await attempts(connection, account, count=3)
        await attempts(connection, account, "failed")
    found = samples(await told.scrape())
    assert found["ffmill_attempts_total{machine=cpu,status=succeeded}"] == 3
    assert found["ffmill_attempts_total{machine=cpu,status=failed}"] == 1
    sums = {"input_bytes": 400, "output_bytes": 40, "cpu_seconds": 10, "gpu_seconds": 2}
    assert {name: found[f"ffmill_{name}_total{{machine=cpu}}"] for name in sums} == sums
    for name, total in {"queue": 0.8, "run": 6.0, "overhead": 0.12}.items():
        assert found[f"ffmill_job_{name}_seconds_count{{machine=cpu}}"] == 4
        assert found[f"ffmill_job_{name}_seconds_sum{{machine=cpu}}"] == pytest.approx(total)
    assert found["ffmill_job_overhead_seconds_bucket{le=0.02,machine=cpu}"] == 0
    assert found["ffmill_job_overhead_seconds_bucket{le=0.04,machine=cpu}"] == 4


async def test_calls_of_webhooks_are_counted_by_what_became_of_them(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        delivery = await new_delivery(connection, await new_account(connection))
        for number, error in enumerate(["answered 500", "answered 500", None], start=1):
            await connection.execute(CALL, (delivery, number, error))
    found = samples(await told.scrape())
    assert found["ffmill_webhook_attempts_total{result=failed}"] == 2
    assert found["ffmill_webhook_attempts_total{result=delivered}"] == 1
    assert found["ffmill_webhook_seconds_count{}"] == 3


async def test_nothing_is_counted_twice_nor_from_before_the_start(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await attempts(connection, account)
        told = await metrics.begin(pool, ["cpu"], 30)
        for _ in range(2):
            await attempts(connection, account)
            await told.scrape()
    assert samples(await told.scrape())["ffmill_attempts_total{machine=cpu,status=succeeded}"] == 2


async def test_a_transaction_that_commits_late_is_counted_though_later_ones_were_before(
    pool: Pool, told: Metrics
) -> None:
    async with pool.connection() as late, pool.connection() as prompt:
        account = await new_account(prompt)
        async with late.transaction():
            await attempts(late, account, "failed")
            await attempts(prompt, account)
            early = samples(await told.scrape())
        found = samples(await told.scrape())
    assert early["ffmill_attempts_total{machine=cpu,status=failed}"] == 0
    assert [found[f"ffmill_attempts_total{{machine=cpu,status={status}}}"] for status in ("failed", "succeeded")] == [
        1,
        1,
    ]


async def test_many_rows_are_read_in_pages_and_what_is_left_by_the_next_scrape(
    pool: Pool, told: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_PAGES", 1)
    async with pool.connection() as connection:
        account = await new_account(connection)
        for _ in range(ledger.PAGE + 1):
            await attempts(connection, account)
    for counted in (ledger.PAGE, ledger.PAGE + 1, ledger.PAGE + 1):
        assert samples(await told.scrape())["ffmill_attempts_total{machine=cpu,status=succeeded}"] == counted


async def test_a_page_never_parts_the_rows_of_one_transaction(pool: Pool, told: Metrics) -> None:
    async with pool.connection() as connection:
        await attempts(connection, await new_account(connection), count=2 * ledger.PAGE)
    for _ in range(2):
        assert samples(await told.scrape())["ffmill_attempts_total{machine=cpu,status=succeeded}"] == 2 * ledger.PAGE


async def test_two_scrapes_at_once_are_one_read(told: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    real = present.read

    async def counting(*arguments: Any) -> Any:
        reads.append(arguments)
        return await real(*arguments)

    monkeypatch.setattr(present, "read", counting)
    await asyncio.gather(*(told.scrape() for _ in range(5)))
    assert len(reads) == 1
    await told.scrape()
    assert len(reads) == 2


async def test_without_the_database_there_is_what_was_counted_and_nothing_of_the_present(
    pool: Pool, told: Metrics, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "READ_SECONDS", 0.1)
    async with pool.connection() as connection:
        await attempts(connection, await new_account(connection))
    told.request("GET", "/api/jobs", 200, 0.004)
    await told.scrape()
    with silenced(database_url):
        found = samples(await told.scrape())
    assert found["ffmill_up_database{}"] == 0
    assert found["ffmill_attempts_total{machine=cpu,status=succeeded}"] == 1
    assert found["ffmill_http_request_seconds_count{method=GET,route=/api/jobs,status=200}"] == 1
    assert not [name for name in found if name.startswith(("ffmill_jobs", "ffmill_queue", "ffmill_worker"))]
    assert samples(await told.scrape())["ffmill_up_database{}"] == 1


async def test_a_database_that_dies_between_pages_has_nothing_counted_twice(
    pool: Pool, told: Metrics, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger.Table.turn

    async def dying(self: ledger.Table, connection: Connection) -> bool:
        more = await real(self, connection)
        await asyncio.to_thread(close_all, database_url)
        return more

    async with pool.connection() as connection:
        await attempts(connection, await new_account(connection), count=2)
    with monkeypatch.context() as patched:
        patched.setattr(ledger.Table, "turn", dying)
        assert samples(await told.scrape())["ffmill_up_database{}"] == 0
    assert samples(await told.scrape())["ffmill_attempts_total{machine=cpu,status=succeeded}"] == 2


async def test_a_method_that_nobody_knows_is_no_series_of_its_own(told: Metrics) -> None:
    for method in ("BREW", "PROPFIND"):
        told.request(method, "unmatched", 405, 0.001)
    found = samples(await told.scrape())
    assert found["ffmill_http_request_seconds_count{method=other,route=unmatched,status=405}"] == 2


LEDGERS = {
    "usage_by_xid": (ledger.ATTEMPTS, ("1",)),
    "delivery_attempts_by_xid": (ledger.CALLS, ("1",)),
}
PRESENT = {
    "jobs_queued": (present.QUEUED, ()),
    "jobs_at_work": (present.RUNNING, ()),
    "jobs_running": (present.WORKERS, (30,)),
    "deliveries_pending": (present.PENDING, ()),
}
FILL_DELIVERIES = """
INSERT INTO deliveries (job_id, url, state)
SELECT id, 'u', CASE WHEN row_number() OVER () % 100 = 0 THEN 'pending' ELSE 'delivered' END FROM jobs
"""
FILL_CALLS = """
INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_seconds, error, answer)
SELECT %s, n, now(), 0.3, 'no', '' FROM generate_series(1, 5000) AS n
"""


async def plan(connection: Connection, statement: str, values: tuple[object, ...]) -> str:
    rows = await (await connection.execute(f"EXPLAIN {statement}".encode(), values)).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("index", PRESENT)
async def test_the_present_is_read_by_its_indexes_on_a_filled_table(pool: Pool, index: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(FILL, (await new_account(connection),))
        await connection.execute(START_HALF, (await new_worker(connection),))
        await connection.execute(FILL_DELIVERIES)
        await connection.execute("ANALYZE jobs, workers, deliveries")
        found = await plan(connection, *PRESENT[index])
    assert index in found
    assert "Seq Scan on jobs" not in found
    assert "Seq Scan on deliveries" not in found


@pytest.mark.parametrize("index", LEDGERS)
async def test_the_ledger_is_read_by_its_index_on_a_filled_table(pool: Pool, index: str) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await attempts(connection, account, count=5000)
        await connection.execute(FILL_CALLS, (await new_delivery(connection, account),))
        await connection.execute("ANALYZE usage, delivery_attempts")
        statement, _ = LEDGERS[index]
        found = await plan(connection, statement, (str(await ledger.horizon(connection)),))
    assert index in found
    assert "Seq Scan" not in found
