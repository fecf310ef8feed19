"""Attempts by the real parts of a worker: what breaks off runs again, what is taken away stops."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ffmill.accounts.model import Account
from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.errors import CannotStart
from ffmill.jobs import repository
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job, Status, Submission
from ffmill.jobs.service import Jobs
from ffmill.queue.engine import WEBHOOKS, Queue, Tasks
from ffmill.worker import main, recovery
from ffmill.worker.attempt import Attempts
from ffmill.worker.commands import Commands
from ffmill.worker.ends import Ends
from ffmill.worker.heart import Heart
from ffmill.worker.slots import Slot
from tests.accounts import ensure
from tests.integration.test_job_machine import NoFiles
from tests.integration.wiring import wired

SHORT = Submission(
    input_files={}, output_files=("o.mkv",), ffmpeg_commands=("-f lavfi -i testsrc=s=64x64 -t 0.1 {{o.mkv}}",)
)
ENDLESS = replace(SHORT, ffmpeg_commands=("-re -f lavfi -i testsrc=s=64x64 -t 3600 {{o.mkv}}",))


@dataclass(kw_only=True)
class Worker:
    """The parts of one worker, and a client's way to its jobs."""

    pool: Pool
    queue: Queue
    settings: Settings
    account: Account
    jobs: Jobs
    attempts: Attempts
    heart: Heart

    async def submit(self, submission: Submission = SHORT) -> Job:
        return await self.jobs.submit(self.account, submission)

    async def get(self, job: Job) -> Job:
        return await self.jobs.get(self.account, job.id)

    async def lost(self, job: Job) -> int:
        """How many attempts the job has lost."""
        async with self.pool.connection() as connection:
            rows = await connection.execute("SELECT attempts_lost FROM jobs WHERE id = %s", (job.id,))
            row = await rows.fetchone()
        assert row is not None
        return row[0]

    async def at_work(self, job: Job) -> asyncio.Task[None]:
        """The ticket of an endless job, once its ffmpeg is at work."""
        task = asyncio.create_task(self.attempts.work(1))
        async with asyncio.timeout(30):
            while (await self.get(job)).progress is None:
                await asyncio.wait([task], timeout=0.02)
        return task


@pytest.fixture
async def worker(pool: Pool, database_url: str, tmp_path: Path) -> AsyncGenerator[Worker]:
    settings = Settings(data_dir=tmp_path / "data", sandbox="off", max_attempts=2, concurrency=1)
    async with wired(settings, pool) as parts:
        async with pool.connection() as connection:
            account = await ensure(connection, "ours")
        yield Worker(
            pool=pool,
            queue=parts.queue,
            settings=settings,
            account=account,
            jobs=Jobs(settings, pool, parts.queue, NoFiles(), Endings(database_url)),
            attempts=parts.attempts,
            heart=Heart(settings, parts.id, parts.attempts, pool=pool, queue=parts.queue),
        )


async def test_a_ticket_brings_a_job_to_its_end(worker: Worker) -> None:
    job = await worker.submit()
    await worker.attempts.work(1)
    done = await worker.get(job)
    assert (done.status, [output.name for output in done.outputs]) == (Status.SUCCEEDED, ["o.mkv"])
    assert done.total_input_bytes == 0


async def test_an_attempt_that_breaks_off_by_a_fault_of_ours_runs_again_some_times(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Commands, "run", broken)
    job = await worker.submit()
    await worker.attempts.work(1)
    assert ((await worker.get(job)).status, await worker.lost(job)) == (Status.QUEUED, 1)
    await worker.attempts.work(2)
    failed = await worker.get(job)
    assert (failed.status, await worker.lost(job)) == (Status.FAILED, 2)
    assert "FFMILL_MAX_ATTEMPTS" in failed.error_message


async def test_an_attempt_whose_job_was_taken_away_stops_however_often_it_is_told(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    job = await worker.submit(ENDLESS)
    task = await worker.at_work(job)
    async with worker.pool.connection() as connection:  # as a client of another process does, unheard by the engine
        await repository.cancel(connection, job.id, worker.account.id)
    (key,) = worker.attempts.at_work
    for _ in range(3):
        worker.attempts.revoke(key)
    await worker.heart.step()
    await task
    assert worker.attempts.at_work == set()
    assert "limit" not in capsys.readouterr().out
    assert (await worker.get(job)).status is Status.CANCELLED


async def test_a_beat_leaves_alone_what_was_claimed_while_it_looked(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await worker.submit(ENDLESS)
    reading: asyncio.Event = asyncio.Event()
    go_on: asyncio.Event = asyncio.Event()
    real = recovery.drop

    async def slowly(*arguments: Any) -> None:
        reading.set()
        await go_on.wait()
        await real(*arguments)

    monkeypatch.setattr(recovery, "drop", slowly)
    beat = asyncio.create_task(worker.heart.step())
    await reading.wait()
    task = await worker.at_work(job)
    go_on.set()
    await beat
    assert (await worker.get(job)).status is Status.RUNNING
    task.cancel()
    await asyncio.wait([task])
    assert (await worker.get(job)).status is Status.QUEUED


async def test_a_job_is_handed_back_before_the_clean_up(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    hand_back, close = Ends.hand_back, Slot.close

    async def handing_back(self: Ends, *arguments: Any) -> None:
        order.append("handed back")
        await hand_back(self, *arguments)

    async def closing(self: Slot) -> None:
        order.append("cleaned up")
        await close(self)

    monkeypatch.setattr(Ends, "hand_back", handing_back)
    monkeypatch.setattr(Slot, "close", closing)
    job = await worker.submit(ENDLESS)
    task = await worker.at_work(job)
    task.cancel()
    await asyncio.wait([task])
    assert order == ["handed back", "cleaned up"]
    assert ((await worker.get(job)).status, await worker.lost(job)) == (Status.QUEUED, 0)


async def test_a_delivery_that_our_stop_cuts_off_is_made_again(worker: Worker) -> None:
    job = await worker.submit(replace(SHORT, webhook_url="http://127.0.0.1:9/"))
    started = asyncio.Event()

    async def deliver(*_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    async def nothing(*_: object) -> None: ...

    tasks = Tasks(work=nothing, deliver=deliver, expire=nothing)
    async with worker.pool.connection() as connection:
        await worker.queue.enqueue_delivery(connection, job.id)
        serving = asyncio.create_task(
            worker.queue.work(WEBHOOKS, tasks, concurrency=1, drain_seconds=0, silent_seconds=30)
        )
        await started.wait()
        serving.cancel()
        await asyncio.wait([serving])
        rows = await connection.execute(
            "SELECT status, scheduled_at < now() FROM procrastinate_jobs WHERE queue_name = %s", (WEBHOOKS,)
        )
        assert await rows.fetchall() == [("todo", True)]


async def test_a_worker_that_must_end_and_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    exits: asyncio.Queue[int] = asyncio.Queue()

    class Stopped:
        async def run(self) -> None:
            raise CannotStart("the database has not answered for 30 s")

    monkeypatch.setattr("os._exit", exits.put_nowait)
    monkeypatch.setattr(main, "HANG_SECONDS", 0.0)
    heart: Any = Stopped()
    with pytest.raises(CannotStart):
        await main._beat(heart)  # pyright: ignore[reportPrivateUsage]
    assert await exits.get() == 1
