"""Random interleavings of submit, claim, finish, cancel, hand back and lost workers, against real PostgreSQL."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans

from ffmill.accounts.model import Account
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool, open_pool
from ffmill.errors import BadRequest
from ffmill.jobs import attempts, repository
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job, Result, Status, Submission
from ffmill.jobs.service import Jobs
from ffmill.queue.engine import Queue
from ffmill.worker import recovery
from ffmill.worker.registry import Registration
from tests.accounts import ensure

T = TypeVar("T")
MOST = 3
SUBMISSION = Submission(input_files={}, output_files=("o.mp4",), ffmpeg_commands=("-f lavfi -i testsrc {{o.mp4}}",))


class NoFiles:
    """No URL is ours."""

    async def resolve(self, urls: Sequence[str]) -> list[str | BadRequest | None]:
        """Gives None for each."""
        return [None] * len(urls)


@dataclass
class Bench:
    """The real parts, kept over all examples."""

    url: str
    runner: asyncio.Runner
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    pool: Pool = field(init=False)
    queue: Queue = field(init=False)

    async def open(self) -> None:
        self.pool = await self.stack.enter_async_context(open_pool(self.url, max_size=4))
        self.queue = Queue()
        await self.queue.open(self.pool)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


@dataclass(frozen=True)
class Attempt:
    """What a worker believes to have at work."""

    job: Job
    worker: UUID
    ticket: int


@pytest.fixture
def bench(database_url: str) -> Generator[Bench]:
    with asyncio.Runner() as runner:
        made = Bench(url=database_url, runner=runner)
        made.run(made.open())
        yield made
        made.run(made.stack.aclose())


def test_no_interleaving_loses_a_job_or_ends_it_twice(bench: Bench) -> None:
    class OnBench(JobMachine):
        def __init__(self) -> None:
            super().__init__(bench)

    checks = (HealthCheck.too_slow, HealthCheck.data_too_large)
    run_state_machine_as_test(
        OnBench, settings=settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    )


class JobMachine(RuleBasedStateMachine):
    """The database beside a model of it: which jobs were accepted, and how each may have ended."""

    jobs: Bundle[UUID] = Bundle("jobs")
    workers: Bundle[UUID] = Bundle("workers")
    attempts: Bundle[Attempt] = Bundle("attempts")

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.ends: dict[UUID, Status | None] = {}

    @initialize()
    def begin(self) -> None:
        self.settings = Settings(max_attempts=MOST)
        self.account = self.bench.run(self._begin())
        self.service = Jobs(self.settings, self.bench.pool, self.bench.queue, NoFiles(), Endings(self.bench.url))

    async def _begin(self) -> Account:
        async with self.bench.pool.connection() as connection:
            await connection.execute("TRUNCATE jobs, workers, procrastinate_jobs, procrastinate_workers CASCADE")
            self.engine = await self.bench.queue.app.job_manager.register_worker()
            return await ensure(connection, f"account {uuid4()}")

    @rule(target=jobs)
    def submit(self) -> UUID:
        job = self.bench.run(self.service.submit(self.account, SUBMISSION))
        self.ends[job.id] = None
        return job.id

    @rule(target=workers)
    def start_worker(self) -> UUID:
        return self.bench.run(
            recovery.enlist(
                self.bench.pool,
                self.bench.queue,
                self.settings,
                Registration(name=uuid4().hex, machine="cpu", concurrency=1),
            )
        )

    @rule(target=attempts, worker=workers)
    def claim(self, worker: UUID) -> MultipleResults[Attempt]:
        attempt = self.bench.run(self._claim(worker))
        return multiple(*([attempt] if attempt else []))

    async def _claim(self, worker: UUID) -> Attempt | None:
        ticket = await self.bench.queue.app.job_manager.fetch_job(queues=["cpu"], worker_id=self.engine)
        if ticket is None or ticket.id is None:
            return None
        async with self.bench.pool.connection() as connection:
            claimed = await attempts.claim(connection, machine="cpu", worker=worker, ticket=ticket.id)
        if claimed is None:
            await self._spend(ticket.id)
            return None
        assert self.ends[claimed.job.id] is None
        return Attempt(job=claimed.job, worker=worker, ticket=ticket.id)

    @rule(attempt=attempts, succeeded=booleans())
    def finish(self, attempt: Attempt, succeeded: bool) -> None:
        """Whoever believes to have a job may finish it, twice even, and long after it was taken away."""
        status = Status.SUCCEEDED if succeeded else Status.FAILED
        if self.bench.run(self._finish(attempt, status)):
            assert self.ends[attempt.job.id] is None
            self.ends[attempt.job.id] = status

    async def _finish(self, attempt: Attempt, status: Status) -> bool:
        message = "" if status is Status.SUCCEEDED else "failed"
        async with self.bench.pool.connection() as connection:
            won = await attempts.finish(connection, attempt.job, Result(status=status, error_message=message))
        await self._spend(attempt.ticket)
        return won

    @rule(attempt=consumes(attempts))
    def hand_back(self, attempt: Attempt) -> None:
        self.bench.run(self._hand_back(attempt))

    async def _hand_back(self, attempt: Attempt) -> None:
        async with self.bench.pool.connection() as connection, connection.transaction():
            if await attempts.hand_back(connection, attempt.job):
                await self.bench.queue.issue(connection, "cpu")
        await self._spend(attempt.ticket)

    @rule(job=jobs)
    def cancel(self, job: UUID) -> None:
        before = self.ends[job]
        now = self.bench.run(self.service.cancel(self.account, job))
        assert now.status is (before or Status.CANCELLED)
        self.ends[job] = now.status

    @rule(worker=consumes(workers))
    def lose_worker(self, worker: UUID) -> None:
        """Its attempts stay in the bundle: the worker may come back and try to finish them."""
        self.bench.run(self._lose(worker))

    async def _lose(self, worker: UUID) -> None:
        async with self.bench.pool.connection() as connection, connection.transaction():
            running = await attempts.running(connection, worker)
            await recovery.bury(connection, self.bench.queue, self.settings, [worker])
            for job, _ in running:
                row = await repository.get_any(connection, job)
                assert row is not None
                if row.status is Status.FAILED:
                    assert "3 attempts" in row.error_message
                    self.ends[job] = Status.FAILED

    @rule()
    def housekeeping(self) -> None:
        self.bench.run(recovery.top_up_tickets(self.bench.pool, self.bench.queue))

    @invariant()
    def every_accepted_job_is_there_and_no_end_changes(self) -> None:
        for job, status in self.bench.run(self._states()).items():
            end = self.ends[job]
            assert status is end if end else not status.terminal

    async def _states(self) -> dict[UUID, Status]:
        async with self.bench.pool.connection() as connection:
            rows = await (await connection.execute("SELECT id, status FROM jobs")).fetchall()
        states = {row[0]: Status(row[1]) for row in rows}
        assert states.keys() == self.ends.keys()
        return states

    @invariant()
    def every_queued_job_has_a_ticket(self) -> None:
        queued, tickets = self.bench.run(self._counts())
        assert tickets >= queued

    async def _counts(self) -> tuple[int, int]:
        async with self.bench.pool.connection() as connection:
            return await count(connection, "SELECT count(*) FROM jobs WHERE status = 'queued'"), await count(
                connection, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            )

    async def _spend(self, ticket: int) -> None:
        """The engine deletes a task that has run; one that is gone already is no matter."""
        async with self.bench.pool.connection() as connection:
            await connection.execute("DELETE FROM procrastinate_jobs WHERE id = %s", (ticket,))


async def count(connection: Connection, statement: Any) -> int:
    row = await (await connection.execute(statement)).fetchone()
    assert row is not None
    return row[0]
