"""What all streams of a process look at: one statement, by its indexes, and no more than is new."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from ffmill.db.pool import Connection, Pool
from ffmill.events import repository as events
from ffmill.events import rows
from ffmill.events.feed import Feed
from ffmill.events.repository import Known, Question
from ffmill.events.seen import Tail
from ffmill.events.watches import KEPT_LOOKS
from ffmill.jobs import repository
from ffmill.jobs.endings import Endings, Heard
from ffmill.jobs.model import Job, Status, Submission
from ffmill.jobs.repository import Accepted
from tests.accounts import ensure
from tests.events import Hand, hand
from tests.integration.test_repository import FILL, START_HALF

SUBMISSION = Submission(input_files={}, output_files=("o.mkv",), ffmpeg_commands=("a", "b"))


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A feed, an account with jobs, a worker."""

    pool: Pool
    feed: Feed
    heard: Heard
    account: UUID
    worker: Hand

    async def submit(self) -> Job:
        async with self.pool.connection() as connection:
            accepted = Accepted(id=uuid4(), submission=SUBMISSION, input_keys={}, timeout_seconds=60)
            return (await repository.insert(connection, self.account, [accepted], silent_seconds=30))[0]

    async def cancel(self, *jobs: Job) -> None:
        """Ends them, and has the feed hear of it."""
        async with self.pool.connection() as connection:
            for job in jobs:
                assert await repository.cancel(connection, job.id, self.account)
                self.heard.ids.add(job.id)

    async def step(self) -> None:
        await self.feed.step(self.heard)

    def watch(self, job: Job, *, with_log: bool = True) -> Any:
        return self.feed.job(job.id, self.account, None, with_log=with_log)

    def follow(self, *, with_log: bool = False) -> Any:
        return self.feed.account(self.account, None, with_log=with_log)


@pytest.fixture
async def ground(pool: Pool, database_url: str) -> Ground:
    async with pool.connection() as connection:
        account = await ensure(connection, "ours")
    return Ground(
        pool=pool,
        feed=Feed(pool, Endings(database_url), 30),
        heard=Heard(),
        account=account.id,
        worker=await hand(pool),
    )


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """All that was asked."""
    asked: list[Question] = []
    real = events.read

    async def noting(connection: Connection, question: Question, *, silent_seconds: float) -> Any:
        asked.append(question)
        return await real(connection, question, silent_seconds=silent_seconds)

    monkeypatch.setattr(events, "read", noting)
    return asked


async def test_however_many_look_it_is_read_once(ground: Ground, questions: list[Question]) -> None:
    jobs = [await ground.submit() for _ in range(20)]
    async with AsyncExitStack() as stack:
        watches = [stack.enter_context(ground.watch(job)) for job in jobs for _ in range(5)]
        await ground.step()
    (question,) = questions
    assert len(question.jobs) == 20
    assert all(watch.seen is not None for watch in watches)


async def test_only_those_whose_job_has_changed_are_woken(ground: Ground) -> None:
    first, second = await ground.submit(), await ground.submit()
    with ground.watch(first) as changed, ground.watch(second) as same:
        await ground.step()
        changed.changed.clear()
        same.changed.clear()
        await ground.worker.claim()
        await ground.step()
        assert (changed.changed.is_set(), same.changed.is_set()) == (True, False)


async def test_a_log_is_read_where_it_has_grown_and_somebody_wants_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    tails: list[str | None] = []
    real = events.read

    async def noting(*arguments: Any, **named: Any) -> Any:
        answer = await real(*arguments, **named)
        tails.extend(row[events.TAIL] for row in answer.rows)
        return answer

    monkeypatch.setattr(events, "read", noting)
    await ground.submit()
    job = await ground.worker.claim()
    await ground.worker.tell(job, "a")
    with ground.watch(job, with_log=False):
        await ground.step()
        with ground.watch(job) as watch:
            await ground.step()
            assert watch.seen.tail == Tail.of("a\n")
            await ground.step()
            await ground.worker.tell(job, "a", percent=3.0)
            await ground.step()
            assert watch.seen.tail == Tail.of("a\n")
            await ground.worker.tell(job, "a", "b", percent=3.0)
            await ground.step()
            assert watch.seen.tail == Tail.of("a\nb\n")
    assert tails == [None, "a\n", None, None, "a\nb\n"]


async def test_of_many_that_end_at_once_some_are_read_now_and_the_rest_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "READ", events.READ.replace(f"seen.place <= {events.MOST_ENDED}", "seen.place <= 2"))
    jobs = [await ground.submit() for _ in range(5)]
    with ground.follow() as watch, ground.watch(jobs[4]) as last:
        await ground.step()
        began = watch.channel.clock
        await ground.cancel(*jobs)
        for _ in range(2):
            await ground.step()
            assert watch.channel.clock == began, "what has ended is not all told"
        await ground.step()
        in_turn = [jobs[n].id for n in (0, 4, 1, 2, 3)]
        assert [seen.id for seen in watch.channel.since(0)] == in_turn, "what is asked for by its id comes first"
        assert watch.channel.clock > began
        assert last.seen.status is Status.CANCELLED


async def test_one_row_that_is_not_understood_ends_the_streams_of_its_job_alone(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await ground.submit(), await ground.submit()
    real = rows.seen_of

    def failing(row: Any, *rest: Any) -> Any:
        if row[events.ID] == bad.id:
            raise ValueError("what is this")
        return real(row, *rest)

    monkeypatch.setattr(rows, "seen_of", failing)
    with ground.watch(bad) as ends, ground.watch(good) as goes_on, ground.follow() as account:
        await ground.step()
        await ground.cancel(bad, good)
        await ground.step()
        await ground.step()
        assert (ends.closed, goes_on.closed) == (True, False)
        assert goes_on.seen.status is Status.CANCELLED
        assert [seen.id for seen in account.channel.since(0)] == [good.id]
        assert account.channel.clock


async def test_what_was_heard_is_kept_where_a_look_fails_and_the_next_question_is_smaller(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def failing(_: Any, question: Question, **__: Any) -> Any:
        asked.append(len(question.heard))
        raise OSError("too much")

    job = await ground.submit()
    with ground.follow() as watch:
        await ground.step()
        await ground.cancel(job)
        ground.heard.ids |= {uuid4() for _ in range(199)}
        with monkeypatch.context() as patch:
            patch.setattr(events, "read", failing)
            for _ in range(3):
                with pytest.raises(OSError, match="too much"):
                    await ground.step()
        assert asked == [200, 100, 50]
        for _ in range(4):
            await ground.step()
        assert [seen.id for seen in watch.channel.since(0)] == [job.id]


async def test_an_old_end_that_a_stream_looks_at_is_no_news_to_the_account(ground: Ground) -> None:
    job = await ground.submit()
    await ground.cancel(job)
    ground.heard.ids.clear()
    with ground.follow() as account:
        await ground.step()
        with ground.watch(job) as watch:
            await ground.step()
            assert watch.seen.job is not None
        assert account.channel.since(0) == []


async def test_a_resumed_stream_sees_only_what_was_read_after_it_came(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await ground.submit()
    real = events.read
    with ExitStack() as stack:
        stack.enter_context(ground.watch(job))
        await ground.step()
        came: list[Any] = []

        async def meanwhile(*arguments: Any, **named: Any) -> Any:
            answer = await real(*arguments, **named)
            came.append(stack.enter_context(ground.feed.job(job.id, ground.account, None, with_log=True, resumed=True)))
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(events, "read", meanwhile)
            await ground.step()
        assert came[0].seen is None
        await ground.step()
        assert came[0].seen is not None


async def test_a_look_that_nobody_waits_for_any_more_is_not_kept(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await ground.submit()
    real = events.read
    with ExitStack() as stack:
        stack.enter_context(ground.watch(job))

        async def left(*arguments: Any, **named: Any) -> Any:
            answer = await real(*arguments, **named)
            stack.close()
            return answer

        monkeypatch.setattr(events, "read", left)
        await ground.step()
    with ground.watch(job) as watch:
        assert watch.seen is None


async def test_batches_of_ended_jobs_are_not_kept_for_long(ground: Ground) -> None:
    job = await ground.submit()
    with ground.follow() as watch:
        await ground.step()
        await ground.cancel(job)
        await ground.step()
        assert [seen.id for seen in watch.channel.since(0)] == [job.id]
        for _ in range(KEPT_LOOKS + 1):
            await ground.step()
        assert watch.channel.since(0) is None, "who is so late reads it in the database"
        assert watch.channel.since(1) == []


async def test_an_end_that_was_read_is_not_read_again(ground: Ground, questions: list[Question]) -> None:
    job = await ground.submit()
    with ground.watch(job) as watch:
        await ground.cancel(job)
        await ground.step()
        assert watch.seen.job is not None
        await ground.step()
    assert [list(question.jobs) for question in questions] == [[job.id], []]


async def test_jobs_of_other_accounts_that_end_are_passed_over(ground: Ground, pool: Pool) -> None:
    async with pool.connection() as connection:
        other = await ensure(connection, "theirs")
    with ground.feed.account(other.id, None, with_log=False) as watch:
        await ground.cancel(await ground.submit())
        await ground.step()
        assert (watch.channel.live, watch.channel.since(0)) == ({}, [])


async def test_a_job_that_was_at_work_is_seen_to_be_queued_again(ground: Ground) -> None:
    await ground.submit()
    job = await ground.worker.claim()
    async with ground.pool.connection() as connection:
        await connection.execute("UPDATE jobs SET created_at = now() - interval '1 hour'")
    with ground.follow() as watch:
        await ground.step()
        assert watch.channel.live[job.id].status is Status.RUNNING
        await ground.worker.hand_back(job)
        await ground.step()
        assert watch.channel.live[job.id].status is Status.QUEUED
        await ground.step()
        assert watch.channel.live == {}


async def test_a_probe_is_not_told_of(ground: Ground) -> None:
    job = await ground.submit()
    async with ground.pool.connection() as connection:
        await connection.execute("UPDATE jobs SET program = 'ffprobe'")
    with ground.follow() as watch:
        await ground.step()
        await ground.cancel(job)
        await ground.step()
        assert (watch.channel.live, watch.channel.since(0)) == ({}, [])


async def test_without_streams_nothing_is_read(ground: Ground, questions: list[Question]) -> None:
    running = asyncio.create_task(ground.feed.run())
    job = await ground.submit()
    with ground.watch(job) as watch:
        async with asyncio.timeout(30):
            await watch.changed.wait()
    asked = len(questions)
    with ground.watch(job) as watch:
        async with asyncio.timeout(30):
            await watch.changed.wait()
    assert len(questions) == asked + 1
    running.cancel()
    await asyncio.wait([running])


async def test_of_a_job_that_a_client_stopped_the_lines_so_far_are_told(ground: Ground) -> None:
    await ground.submit()
    job = await ground.worker.claim()
    await ground.worker.tell(job, "a", "b")
    with ground.watch(job) as watch:
        await ground.cancel(job)
        await ground.step()
        assert (watch.seen.job.status, watch.seen.tail) == (Status.CANCELLED, Tail.of("a\nb\n"))


async def test_the_log_of_an_attempt_before_is_not_told_as_this_ones(ground: Ground) -> None:
    await ground.submit()
    job = await ground.worker.claim()
    await ground.worker.finish(job, "a")
    async with ground.pool.connection() as connection:
        await connection.execute("UPDATE job_logs SET attempt = 7")
    with ground.watch(job) as watch:
        await ground.step()
        assert (watch.seen.job.status, watch.seen.tail) == (Status.SUCCEEDED, Tail())


async def test_a_log_of_before_there_were_numbers_is_told(ground: Ground) -> None:
    await ground.submit()
    job = await ground.worker.claim()
    await ground.worker.finish(job, "a", "b")
    async with ground.pool.connection() as connection:
        await connection.execute("UPDATE job_logs SET attempt = NULL, lines = NULL")
    with ground.watch(job) as watch:
        await ground.step()
        assert (watch.seen.log_lines, watch.seen.tail) == (2, Tail.of("a\nb\n"))


@pytest.mark.parametrize("index", ["jobs_pkey", "job_progress_pkey", "job_logs_pkey", "jobs_at_work", "jobs_by_status"])
async def test_what_is_looked_at_is_found_by_its_indexes_on_a_filled_table(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    values: dict[str, Any] = {}
    async with ground.pool.connection() as connection:
        await fill(connection, ground)
        ids = [row[0] for row in await (await connection.execute("SELECT id FROM jobs LIMIT 1000")).fetchall()]
        cursor_execute = connection.cursor_factory.execute

        async def noting(self: Any, query: Any, params: Any = None, **named: Any) -> Any:
            values.update(params or {})
            return await cursor_execute(self, query, params, **named)

        with monkeypatch.context() as patch:
            patch.setattr(connection.cursor_factory, "execute", noting)
            known = dict.fromkeys(ids, Known(attempt=1, lines=0, with_log=True))
            question = Question(jobs=known, accounts={ground.account: True}, heard=ids)
            await events.read(connection, question, silent_seconds=30)
        plan = await explained(connection, events.READ, values)
    assert index in plan
    assert "Seq Scan on jobs" not in plan
    assert "Seq Scan on job_" not in plan


async def test_ends_of_an_account_are_found_by_their_index_on_a_filled_table(ground: Ground) -> None:
    async with ground.pool.connection() as connection:
        await fill(connection, ground)
        since = (await (await connection.execute("SELECT now() - interval '1 hour'")).fetchone() or (None,))[0]
        plan = await explained(connection, events.ENDED, {"account": ground.account, "time": since, "id": UUID(int=0)})
    assert "jobs_ended" in plan
    assert "Sort" not in plan.partition("jobs_ended")[2]
    assert "Seq Scan on jobs" not in plan


async def fill(connection: Connection, ground: Ground) -> None:
    """Makes many jobs, some of them at work."""
    await connection.execute(FILL, (ground.account,))
    await connection.execute(START_HALF, (ground.worker.id,))
    await connection.execute(
        "INSERT INTO job_progress (job_id, attempt, command_index) SELECT id, attempt, 0 FROM jobs"
    )
    await connection.execute(
        "INSERT INTO job_logs (job_id, account_id, log) SELECT id, account_id, '' FROM jobs WHERE status = 'succeeded'"
    )
    await connection.execute("ANALYZE jobs, job_progress, job_logs")


async def explained(connection: Connection, statement: str, values: dict[str, Any]) -> str:
    rows: Sequence[Any] = await (await connection.execute(f"EXPLAIN {statement}".encode(), values)).fetchall()
    return "\n".join(row[0] for row in rows)
