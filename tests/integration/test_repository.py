"""Jobs in SQL: each transition is one guarded statement, and reading stays within its index."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from ffmill.db.pool import Connection, Pool
from ffmill.jobs import attempts, idempotency, listing, repository
from ffmill.jobs.attempts import Claim
from ffmill.jobs.model import Job, Output, Progress, Result, Status, Submission
from ffmill.jobs.repository import Accepted
from ffmill.worker import registry
from tests.failures import LOST

SILENT = 30.0
NOW = datetime.now(UTC)
SUBMISSION = Submission(
    input_files={"b.mp4": "https://example.com/b", "a.mp4": "https://example.com/a"},
    output_files=("out.mp4",),
    ffmpeg_commands=("-i {{a.mp4}} {{out.mp4}}",),
    warnings=("a warning",),
)


async def new_account(connection: Connection) -> UUID:
    rows = await connection.execute("INSERT INTO accounts (name) VALUES (%s) RETURNING id", (uuid4().hex,))
    row = await rows.fetchone()
    assert row is not None
    return row[0]


async def new_worker(connection: Connection, name: str = "w") -> UUID:
    return await registry.register(connection, registry.Registration(name=name, machine="cpu", concurrency=2))


async def submit(
    connection: Connection, account: UUID, submission: Submission = SUBMISSION, wait: int | None = None
) -> Job:
    accepted = Accepted(id=uuid4(), submission=submission, input_keys={}, timeout_seconds=60)
    jobs = await repository.insert(connection, account, [accepted], wait_seconds=wait, silent_seconds=SILENT)
    return jobs[0]


async def claim(connection: Connection, worker: UUID, ticket: int = 1) -> Claim:
    claimed = await attempts.claim(connection, machine="cpu", worker=worker, ticket=ticket)
    assert claimed is not None
    return claimed


def result(job: Job) -> Result:
    outputs = (Output(name="out.mp4", key=f"outputs/{job.id}/{job.attempt}/out.mp4", bytes=7),)
    return Result(status=Status.SUCCEEDED, outputs=outputs, total_input_bytes=5, log="a log", warnings=("another",))


async def test_a_job_comes_back_as_it_was_submitted(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await submit(connection, account)
        assert await repository.get(connection, job.id, account, silent_seconds=SILENT) == job
        assert list(job.input_files) == ["b.mp4", "a.mp4"]
        assert job.status is Status.QUEUED
        assert job.warnings == ("a warning",)


async def test_a_job_of_another_account_is_not_there(pool: Pool) -> None:
    async with pool.connection() as connection:
        job = await submit(connection, await new_account(connection))
        other = await new_account(connection)
        assert await repository.get(connection, job.id, other, silent_seconds=SILENT) is None
        assert await repository.cancel(connection, job.id, other) is None
        assert await repository.log(connection, job.id, other) is None
        assert (await listing.page(connection, other, limit=10, offset=0, silent_seconds=SILENT)).jobs == ()


async def test_the_oldest_job_is_claimed_first_and_only_once(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        first, second = await submit(connection, account), await submit(connection, account)
        assert [(await claim(connection, worker)).job.id for _ in range(2)] == [first.id, second.id]
        assert await attempts.claim(connection, machine="cpu", worker=worker, ticket=3) is None


async def test_a_worker_that_is_not_registered_claims_nothing(pool: Pool) -> None:
    async with pool.connection() as connection:
        job = await submit(connection, await new_account(connection))
        with pytest.raises(ForeignKeyViolation):
            await attempts.claim(connection, machine="cpu", worker=uuid4(), ticket=1)
        assert await repository.status(connection, job.id) == "queued"


async def test_finishing_writes_outputs_totals_warnings_and_log(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        job = (await claim(connection, worker)).job
        assert await attempts.finish(connection, job, result(job))
        ended = await repository.get(connection, job.id, account, silent_seconds=SILENT)
        assert ended is not None
        assert (ended.status, ended.total_input_bytes, ended.total_output_bytes) == (Status.SUCCEEDED, 5, 7)
        assert ended.outputs == result(job).outputs
        assert ended.warnings == ("a warning", "another")
        assert await repository.log(connection, job.id, account) == "a log"


async def test_an_attempt_that_was_taken_away_changes_nothing(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        lost = (await claim(connection, worker)).job
        assert [job.id for job in await attempts.lose(connection, [worker], most=10, failure=LOST)] == [lost.id]
        again = (await claim(connection, await new_worker(connection))).job
        assert again.attempt == lost.attempt + 1
        assert not await attempts.finish(connection, lost, result(lost))
        assert not await attempts.hand_back(connection, lost)
        assert await repository.status(connection, lost.id) == "running"


async def test_cancel_before_finish_wins_and_finish_before_cancel_wins(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        for cancel_first in (True, False):
            await submit(connection, account)
            job = (await claim(connection, worker, ticket=42)).job
            if cancel_first:
                cancelled = await repository.cancel(connection, job.id, account)
                assert cancelled is not None
                assert (cancelled[0].status, cancelled[1]) == (Status.CANCELLED, 42)
                assert not await attempts.finish(connection, job, result(job))
            else:
                assert await attempts.finish(connection, job, result(job))
                assert await repository.cancel(connection, job.id, account) is None


async def test_a_cancelled_job_keeps_what_was_known_of_it(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        claimed = (await claim(connection, worker)).job
        await attempts.report(connection, claimed, Progress(command_index=1, percent=60.0, input_bytes=17))
        running = await repository.get(connection, claimed.id, account, silent_seconds=SILENT)
        assert running is not None
        assert (running.command_index, running.total_input_bytes) == (1, 17)
        cancelled = await repository.cancel(connection, claimed.id, account)
        assert cancelled is not None
        assert (cancelled[0].command_index, cancelled[0].total_input_bytes) == (1, 17)


async def test_the_log_of_a_cancelled_attempt_is_kept(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        job = (await claim(connection, worker)).job
        await repository.cancel(connection, job.id, account)
        await attempts.finish(connection, job, result(job))
        assert await repository.log(connection, job.id, account) == "a log"


async def test_a_job_handed_back_is_queued_at_its_old_place(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        first = await submit(connection, account)
        await submit(connection, account)
        job = (await claim(connection, worker)).job
        assert await attempts.hand_back(connection, job)
        assert (await claim(connection, worker)).job.id == first.id


async def test_a_job_whose_workers_die_too_often_fails(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await submit(connection, account)
        for expected in (Status.QUEUED, Status.QUEUED, Status.FAILED):
            worker = await new_worker(connection)
            await claim(connection, worker)
            (job,) = await attempts.lose(connection, [worker], most=3, failure=LOST)
            assert job.status is expected
            assert job.error_message == ("lost too often" if expected is Status.FAILED else "")


async def test_a_job_that_was_waited_for_too_long_is_cancelled_and_not_claimed(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        job = await submit(connection, account, wait=0)
        assert await attempts.claim(connection, machine="cpu", worker=worker, ticket=1) is None
        (cancelled,) = await repository.cancel_overdue(connection, "too late")
        assert (cancelled.id, cancelled.status) == (job.id, Status.CANCELLED)
        assert cancelled.warnings == ("a warning", "too late")


async def test_progress_is_shown_of_the_running_attempt_alone(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        old = (await claim(connection, worker)).job
        await attempts.report(connection, old, Progress(command_index=1, percent=50.0))
        shown = await repository.get(connection, old.id, account, silent_seconds=SILENT)
        assert shown is not None
        assert shown.progress == Progress(command_index=1, percent=50.0)
        await attempts.hand_back(connection, old)
        new = (await claim(connection, worker)).job
        shown = await repository.get(connection, new.id, account, silent_seconds=SILENT)
        assert shown is not None
        assert shown.progress is None
        await attempts.report(connection, new, Progress(percent=1.0))
        await attempts.report(connection, old, Progress(percent=99.0))
        shown = await repository.get(connection, new.id, account, silent_seconds=SILENT)
        assert shown is not None
        assert shown.progress is not None
        assert shown.progress.percent == 1.0


async def test_pages_are_newest_first_and_say_whether_there_is_more(pool: Pool) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        ids = [(await submit(connection, account)).id for _ in range(5)]
        page = await listing.page(connection, account, limit=2, offset=1, silent_seconds=SILENT)
        assert [job.id for job in page.jobs] == [ids[3], ids[2]]
        assert (page.limit, page.total, page.has_more) == (2, 5, True)
        last = await listing.page(connection, account, limit=2, offset=4, silent_seconds=SILENT)
        assert ([job.id for job in last.jobs], last.has_more) == ([ids[0]], False)


async def test_a_page_ends_early_where_jobs_are_large(pool: Pool) -> None:
    large = Submission(input_files={}, output_files=("o",), ffmpeg_commands=("x" * (7 << 20),))
    async with pool.connection() as connection:
        account = await new_account(connection)
        for _ in range(4):
            await submit(connection, account, large)
        page = await listing.page(connection, account, limit=4, offset=0, silent_seconds=SILENT)
        assert (len(page.jobs), page.limit, page.has_more) == (2, 2, True)


LISTED = {"account": uuid4(), "limit": 50, "offset": 0, "bytes": 1, "silent": 1, "after_time": NOW, "after_id": uuid4()}


def listed(conditions: str = "account_id = %(account)s", **values: object) -> tuple[str, dict[str, object]]:
    """The statement of a list."""
    return listing.LIST.format(conditions=conditions), LISTED | values


PLANS: dict[str, tuple[str, Any]] = {
    "jobs_of_account": listed(),
    "jobs_of_account after a place": listed(f"account_id = %(account)s AND {listing.AFTER}"),
    "jobs_by_status": listed("account_id = %(account)s AND status = %(status)s", status="failed"),
    "jobs_by_machine": listed("account_id = %(account)s AND machine = %(machine)s", machine="nvidia"),
    "jobs_by_metadata": listed(
        " AND ".join(listing.Filter(metadata={"order": "1"}).conditions()), metadata=Jsonb({"order": "1"})
    ),
    "jobs_waited_for": (repository.CANCEL_OVERDUE, ("w",)),
    "jobs_running": (attempts.RUNNING, (uuid4(),)),
    "jobs_pkey": (repository.GET, {"job": uuid4(), "account": uuid4(), "silent": 1}),
    "idempotency_keys_pkey": (idempotency.FIND, (uuid4(), "k")),
}


NEEDS_ACCOUNT = {"jobs_by_status", "jobs_by_machine", "jobs_by_metadata"}


@pytest.mark.parametrize("index", PLANS)
async def test_statements_use_their_index_on_a_filled_table(pool: Pool, index: str) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        await connection.execute(FILL, (account,))
        await connection.execute(START_HALF, (await new_worker(connection),))
        await connection.execute("ANALYZE jobs")
        statement, values = PLANS[index]
        if index in NEEDS_ACCOUNT:
            values = {**values, "account": account}
        rows: Sequence[Any] = await (await connection.execute(f"EXPLAIN {statement}".encode(), values)).fetchall()
        plan = "\n".join(row[0] for row in rows)
        assert index.partition(" ")[0] in plan
        assert "Seq Scan on jobs" not in plan


@pytest.mark.parametrize("index", ["jobs_queued", "jobs_at_work", "lines_pkey"])
async def test_a_claim_uses_its_indexes_on_a_filled_table(pool: Pool, index: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(FILL, (await new_account(connection),))
        await connection.execute(LINES)
        await connection.execute("ANALYZE jobs, lines, accounts")
        source: Any = await (await connection.execute("SELECT prosrc FROM pg_proc WHERE proname ~ 'claim'")).fetchone()
        statement = source[0].partition("RETURN QUERY")[2].partition("END\n")[0]
        for name, value in {"_machine": "'cpu'", "_worker": "gen_random_uuid()", "_ticket": "1"}.items():
            statement = statement.replace(f" {name}", f" {value}")
        rows: Sequence[Any] = await (await connection.execute(f"EXPLAIN {statement}".encode())).fetchall()
        plan = "\n".join(row[0] for row in rows)
        assert index in plan
        assert "Seq Scan on jobs" not in plan


LINES = """
WITH others AS (INSERT INTO accounts (name) SELECT 'other ' || n FROM generate_series(1, 2000) AS n RETURNING id)
INSERT INTO lines (machine, account_id) SELECT machine, id FROM others, unnest(ARRAY['cpu', 'nvidia']) AS machine
"""
START_HALF = """
UPDATE jobs SET status = 'running', worker = %s WHERE id IN (SELECT id FROM jobs WHERE status = 'queued' LIMIT 50)
"""
FILL = """
INSERT INTO jobs (id, account_id, status, machine, input_files, output_files, ffmpeg_commands, timeout_seconds,
                  metadata, finished_at)
SELECT gen_random_uuid(), %s, CASE WHEN n %% 50 = 0 THEN 'queued' ELSE 'succeeded' END, 'cpu', '{}', '["o"]', '["c"]',
       60, CASE WHEN n %% 500 = 0 THEN jsonb_build_object('order', n::text) ELSE '{}' END,
       CASE WHEN n %% 50 = 0 THEN NULL ELSE now() END
FROM generate_series(1, 5000) AS n
"""
