"""What a worker writes of a running attempt for those who follow it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ffmill.db.pool import Connection, Pool
from ffmill.jobs import attempts, repository
from ffmill.jobs.model import Job, Output, Submission
from ffmill.jobs.repository import Accepted
from ffmill.worker import joblog, news
from ffmill.worker.joblog import JobLog
from ffmill.worker.news import News, reporting
from ffmill.worker.progress import ProgressReader
from tests.accounts import ensure
from tests.events import Hand, hand, until

SUBMISSION = Submission(input_files={}, output_files=("o.mkv",), ffmpeg_commands=("a", "b"))
BLOCK = b"frame=%d\nprogress=continue\n"
ROW = "SELECT frame, log_lines, log_tail, outputs, commands_total, attempt FROM job_progress WHERE job_id = %s"


@dataclass(kw_only=True)
class Attempt:
    """A running attempt, and what it has to tell."""

    pool: Pool
    worker: Hand
    job: Job
    reader: ProgressReader
    log: JobLog
    news: News

    async def row(self) -> Any:
        """Its news in the database."""
        async with self.pool.connection() as connection:
            return await (await connection.execute(ROW, (self.job.id,))).fetchone()


def telling(pool: Pool, worker: Hand, job: Job) -> Attempt:
    reader, log = ProgressReader(2), JobLog()
    return Attempt(pool=pool, worker=worker, job=job, reader=reader, log=log, news=News(pool, job, reader, log))


@pytest.fixture
async def attempt(pool: Pool) -> Attempt:
    worker = await hand(pool)
    async with pool.connection() as connection:
        account = await ensure(connection, "ours")
        accepted = Accepted(id=uuid4(), submission=SUBMISSION, input_keys={}, timeout_seconds=60)
        await repository.insert(connection, account.id, [accepted], silent_seconds=30)
    return telling(pool, worker, await worker.claim())


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each report, whether the log and the outputs were in it."""
    seen: list[bool] = []
    real = attempts.report

    async def noting(connection: Connection, job: Job, news: Any, trail: Any = None) -> None:
        seen.append(trail is not None)
        await real(connection, job, news, trail)

    monkeypatch.setattr(attempts, "report", noting)
    return seen


async def test_log_and_outputs_are_written_only_where_they_changed(attempt: Attempt, reports: list[bool]) -> None:
    attempt.log.line("first")
    attempt.reader.feed(BLOCK % 1)
    await attempt.news.step()
    assert await attempt.row() == (1, 1, "first\n", [], 2, 1)
    await attempt.news.step()
    attempt.reader.feed(BLOCK % 2)
    await attempt.news.step()
    attempt.news.kept(Output(name="o.mkv", key="outputs/o.mkv", bytes=3))
    await attempt.news.step()
    assert reports == [True, False, True]
    assert await attempt.row() == (2, 1, "first\n", [{"name": "o.mkv", "key": "outputs/o.mkv", "bytes": 3}], 2, 1)


async def test_an_attempt_shows_nothing_that_the_one_before_left(attempt: Attempt) -> None:
    attempt.log.line("of the first")
    await attempt.news.step()
    await attempt.worker.hand_back(attempt.job)
    again = telling(attempt.pool, attempt.worker, await attempt.worker.claim())
    again.reader.feed(BLOCK % 1)
    await again.news.step()
    assert await again.row() == (1, 0, "", [], 2, 2)
    await attempt.news.step()
    attempt.log.line("of the first, late")
    await attempt.news.step()
    assert await again.row() == (1, 0, "", [], 2, 2)


async def test_what_could_not_be_written_is_written_with_the_next(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise psycopg.OperationalError("gone")

    attempt.log.line("first")
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "report", broken)
        with pytest.raises(psycopg.OperationalError):
            await attempt.news.step()
    await attempt.news.step()
    assert (await attempt.row())[1:3] == (1, "first\n")


async def test_an_attempt_with_nothing_to_tell_costs_no_write(attempt: Attempt, reports: list[bool]) -> None:
    await attempt.news.step()
    assert reports == []


async def test_only_the_newest_lines_are_kept_at_hand(attempt: Attempt) -> None:
    for number in range(5000):
        attempt.log.line(f"{number} {'x' * 50}")
    await attempt.news.step()
    _, lines, tail, *_ = await attempt.row()
    shown = tail.splitlines()
    assert lines == 5000
    assert len(tail) <= joblog.NEWEST
    assert [line.split()[0] for line in shown] == [str(n) for n in range(5000 - len(shown), 5000)]


async def test_a_line_of_several_counts_as_several(attempt: Attempt) -> None:
    attempt.log.command(["-vf", "drawtext=text='a\nb'"])
    assert attempt.log.lines == attempt.log.newest().count("\n") == 2


async def test_news_is_written_while_the_attempt_runs(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffmill.worker.news.WRITE_SECONDS", 0.01)
    written: list[Any] = []
    real = attempts.report

    async def noting(*arguments: Any) -> None:
        await real(*arguments)
        written.append(arguments[2].frame)

    monkeypatch.setattr(attempts, "report", noting)
    async with reporting(attempt.pool, attempt.job, attempt.reader, attempt.log):
        attempt.reader.feed(BLOCK % 1)
        await until(lambda: written == [1])
        attempt.reader.feed(BLOCK % 2)
        attempt.reader.feed(BLOCK % 3)
        await until(lambda: written == [1, 3])


async def test_news_go_on_after_a_fault(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "WRITE_SECONDS", 0.01)
    report, faults = attempts.report, [ValueError("a fault of ours")]

    async def faulty(*args: Any) -> None:
        if faults:
            raise faults.pop()
        await report(*args)

    monkeypatch.setattr(attempts, "report", faulty)
    attempt.reader.feed(BLOCK % 7)
    running = asyncio.create_task(attempt.news.run())
    while await attempt.row() is None:
        await asyncio.wait([running], timeout=0.01)
    running.cancel()
    await asyncio.wait([running])
    assert faults == []
