"""Deliveries by the real parts of a worker at real receivers: each counted once, none lost, nobody held up."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from procrastinate.manager import JobManager
from psycopg import OperationalError
from standardwebhooks import Webhook, WebhookVerificationError

from ffmill.accounts.model import Account
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job, Submission
from ffmill.jobs.service import Jobs
from ffmill.net.session import open_session
from ffmill.queue.engine import WEBHOOKS, NotYet, Queue, Tasks
from ffmill.store.signing import Signer
from ffmill.store.signing_keys import load_or_create
from ffmill.webhooks import repository, secrets
from ffmill.webhooks.model import Delivery, State
from ffmill.worker.deliveries import Deliveries
from tests.accounts import ensure
from tests.integration.origin import Origin, Request, Script, origin, raw, redirect, reply, silence
from tests.integration.test_job_machine import NoFiles

PAUSES = (1000.0, 2000.0)
SUBMISSION = Submission(input_files={}, output_files=("o.mkv",), ffmpeg_commands=("-f lavfi -i testsrc {{o.mkv}}",))


@dataclass(kw_only=True)
class Sender:
    """The parts of a worker that deliver, and a client's way to its jobs."""

    pool: Pool
    queue: Queue
    account: Account
    jobs: Jobs
    deliveries: Deliveries
    make: Callable[..., Deliveries]  # others, by settings that differ

    async def ended(self, url: str, account: Account | None = None) -> Job:
        """A job that has ended, with this webhook."""
        owner = account or self.account
        job = await self.jobs.submit(owner, replace(SUBMISSION, webhook_url=url))
        return await self.jobs.cancel(owner, job.id)

    async def of(self, job: Job) -> Delivery:
        """The delivery of the job: there is one."""
        async with self.pool.connection() as connection:
            (delivery,) = await repository.of_job(connection, job.id, job.account_id) or []
        return delivery

    async def due(self, url: str) -> UUID:
        """A delivery that is to be made to that URL."""
        return (await self.of(await self.ended(url))).id

    async def read(self, delivery_id: UUID) -> Delivery:
        async with self.pool.connection() as connection:
            delivery = await repository.get(connection, delivery_id, self.account.id)
        assert delivery is not None
        return delivery

    async def later(self, delivery_id: UUID) -> None:
        """As if the pause before the next try were over."""
        async with self.pool.connection() as connection:
            await connection.execute("UPDATE deliveries SET next_try_at = now() WHERE id = %s", (delivery_id,))

    async def again(self, delivery_id: UUID) -> None:
        async with self.pool.connection() as connection, connection.transaction():
            assert await self.queue.redeliver(connection, delivery_id, self.account.id)

    async def tasks(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Status and arguments of the engine's tasks for webhooks."""
        async with self.pool.connection() as connection:
            rows = await connection.execute(
                "SELECT status, args FROM procrastinate_jobs WHERE queue_name = %s ORDER BY id", (WEBHOOKS,)
            )
            return await rows.fetchall()

    @asynccontextmanager
    async def serving(self, deliveries: Deliveries | None = None) -> AsyncGenerator[None]:
        """The engine at work, as in a worker."""
        tasks = Tasks(work=nothing, deliver=(deliveries or self.deliveries).deliver, expire=nothing)
        serve = self.queue.work(WEBHOOKS, tasks, concurrency=64, drain_seconds=0, silent_seconds=30)
        serving = asyncio.create_task(serve)
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.wait([serving])


async def nothing(*_: object) -> None: ...


@pytest.fixture
async def sender(pool: Pool, database_url: str, tmp_path: Path) -> AsyncGenerator[Sender]:
    settings = Settings(
        data_dir=tmp_path, allow_nets=(ip_network("127.0.0.0/8"),), webhook_retry_seconds=PAUSES, worker_lost_seconds=2
    )
    queue = Queue()
    await queue.open(pool)
    async with pool.connection() as connection:
        account = await ensure(connection, "ours")
        signer = Signer(await load_or_create(connection), "http://ffmill.test")
    async with open_session(settings) as session:

        def make(**others: object) -> Deliveries:
            return Deliveries(settings.model_copy(update=others), pool=pool, session=session, signer=signer)

        jobs = Jobs(settings, pool, queue, NoFiles(), Endings(database_url))
        yield Sender(pool=pool, queue=queue, account=account, jobs=jobs, deliveries=make(), make=make)


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Returns once it is so."""
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.wait([asyncio.create_task(nothing())], timeout=0.02)


async def to_come_back(delivering: Awaitable[None]) -> datetime:
    """When the engine is told to take the delivery up again."""
    with pytest.raises(NotYet) as caught:
        await delivering
    return caught.value.at


async def now(connection: Connection) -> datetime:
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None
    return row[0]


async def test_the_end_of_a_job_records_one_delivery_and_enqueues_it(sender: Sender) -> None:
    job = await sender.ended("http://example.com/hook?a=b")
    delivery = await sender.of(job)
    assert (delivery.job_id, delivery.event, delivery.url) == (job.id, "job.ended", "http://example.com/hook?a=b")
    assert (delivery.state, delivery.next_try_at, delivery.attempts) == (State.PENDING, None, ())
    async with sender.pool.connection() as connection:
        await sender.queue.enqueue_delivery(connection, job.id)
    assert await sender.tasks() == [("todo", {"delivery_id": str(delivery.id), "round": 1})]


async def test_an_end_that_is_not_committed_leaves_no_delivery(sender: Sender) -> None:
    job = await sender.jobs.submit(sender.account, replace(SUBMISSION, webhook_url="http://example.com/"))
    async with sender.pool.connection() as connection:
        with suppress(OperationalError):
            async with connection.transaction():
                await sender.queue.enqueue_delivery(connection, job.id)
                raise OperationalError
        assert await repository.of_job(connection, job.id, sender.account.id) == []
    assert await sender.tasks() == []


async def test_a_job_without_a_webhook_has_no_delivery(sender: Sender) -> None:
    job = await sender.jobs.submit(sender.account, SUBMISSION)
    await sender.jobs.cancel(sender.account, job.id)
    async with sender.pool.connection() as connection:
        assert await repository.of_job(connection, job.id, sender.account.id) == []
        assert await repository.of_job(connection, uuid4(), sender.account.id) is None
    assert await sender.tasks() == []


async def test_a_delivery_is_signed_and_made_once(sender: Sender) -> None:
    async with origin(reply(b"thanks", status=202)) as receiver:
        job = await sender.ended(receiver.url("/hook"))
        delivery = await sender.of(job)
        await sender.deliveries.deliver(delivery.id, 1)
        await sender.deliveries.deliver(delivery.id, 1)
    (request,) = receiver.requests
    (secret,) = await in_force(sender)
    assert Webhook(secret.text).verify(request.body, request.headers)["id"] == str(job.id)
    assert request.headers["webhook-id"] == str(delivery.id)
    done = await sender.of(job)
    (attempt,) = done.attempts
    assert (done.state, done.next_try_at, done.delivered_at is not None) == (State.DELIVERED, None, True)
    assert (attempt.number, attempt.status_code, attempt.error, attempt.answer) == (1, 202, None, "thanks")


async def in_force(sender: Sender) -> list[secrets.WebhookSecret]:
    async with sender.pool.connection() as connection:
        return await secrets.list_of(connection, sender.account.id)


async def test_a_secret_before_the_one_in_force_signs_until_its_overlap_is_over(sender: Sender) -> None:
    (old,) = await in_force(sender)
    async with origin(reply()) as receiver:
        async with sender.pool.connection() as connection:
            new = await secrets.rotate(connection, sender.account.id, 3600)
        await sender.deliveries.deliver(await sender.due(receiver.url()), 1)
        async with sender.pool.connection() as connection:
            newest = await secrets.rotate(connection, sender.account.id, 0)
        await sender.deliveries.deliver(await sender.due(receiver.url()), 1)
    first, second = receiver.requests
    assert [verifies(secret, first) for secret in (old, new, newest)] == [True, True, False]
    assert [verifies(secret, second) for secret in (old, new, newest)] == [False, False, True]
    assert [secret.id for secret in await in_force(sender)] == [newest.id]


def verifies(secret: secrets.WebhookSecret, request: Request) -> bool:
    try:
        Webhook(secret.text).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


async def test_rotations_at_once_leave_one_secret_in_force(sender: Sender) -> None:
    async def rotate() -> secrets.WebhookSecret:
        async with sender.pool.connection() as connection:
            return await secrets.rotate(connection, sender.account.id, 3600)

    made = await asyncio.gather(*(rotate() for _ in range(6)))
    kept = await in_force(sender)
    assert {secret.id for secret in made} < {secret.id for secret in kept}
    assert [secret.expires_at is None for secret in kept] == [True] + [False] * 6


FAILURES = {
    "500": (reply(b"sorry", status=500), (500, "the webhook answered 500 Internal Server Error", "sorry")),
    "404": (reply(status=404), (404, "the webhook answered 404 Not Found", "")),
    "hangs up": (raw(b""), (None, "the webhook closed the connection", "")),
    "stalls": (silence(), (None, "the webhook did not answer within 0.2 s", "")),
    "redirects in circles": (redirect("/"), (302, "the webhook redirects more than 3 times", "")),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_delivery_that_fails_is_tried_again_as_often_as_there_are_pauses(sender: Sender, name: str) -> None:
    script, expected = FAILURES[name]
    deliveries = sender.make(webhook_timeout_seconds=0.2 if name == "stalls" else 15)
    async with origin(script) as receiver:
        delivery_id = await sender.due(receiver.url())
        for _ in PAUSES:
            at = await to_come_back(deliveries.deliver(delivery_id, 1))
            delivery = await sender.read(delivery_id)
            assert (delivery.state, delivery.next_try_at) == (State.PENDING, at)
            await sender.later(delivery_id)
        await deliveries.deliver(delivery_id, 1)
    failed = await sender.read(delivery_id)
    assert (failed.state, failed.next_try_at, failed.delivered_at) == (State.FAILED, None, None)
    assert [attempt.number for attempt in failed.attempts] == [1, 2, 3]
    assert {(each.status_code, each.error, each.answer) for each in failed.attempts} == {expected}
    assert {request.headers["webhook-id"] for request in receiver.requests} == {str(delivery_id)}


async def test_a_pause_is_as_long_as_the_settings_say_and_up_to_a_fifth_longer(sender: Sender) -> None:
    async with origin(reply(status=500)) as receiver:
        delivery_id = await sender.due(receiver.url())
        for pause in PAUSES:
            async with sender.pool.connection() as connection:
                before = await now(connection)
                at = await to_come_back(sender.deliveries.deliver(delivery_id, 1))
                after = await now(connection)
            assert (at - before).total_seconds() >= pause
            assert (at - after).total_seconds() <= pause * 1.2
            await sender.later(delivery_id)


async def test_a_receiver_that_recovers_gets_its_delivery_from_the_engine(sender: Sender) -> None:
    deliveries = sender.make(webhook_retry_seconds=(0.1, 0.1))
    async with origin(reply(status=503), reply()) as receiver, sender.serving(deliveries):
        job = await sender.ended(receiver.url())
        await eventually(lambda: has_state(sender, job, State.DELIVERED))
        await eventually(lambda: no_tasks(sender))
    assert [attempt.status_code for attempt in (await sender.of(job)).attempts] == [503, 200]


async def has_state(sender: Sender, job: Job, state: State) -> bool:
    return (await sender.of(job)).state is state


async def no_tasks(sender: Sender) -> bool:
    return await sender.tasks() == []


async def test_a_task_that_comes_back_before_its_time_waits_for_it(sender: Sender) -> None:
    async with origin(reply(status=500)) as receiver:
        delivery_id = await sender.due(receiver.url())
        at = await to_come_back(sender.deliveries.deliver(delivery_id, 1))
        assert await to_come_back(sender.deliveries.deliver(delivery_id, 1)) == at
    assert len(receiver.requests) == 1


async def test_of_two_workers_that_call_for_the_same_try_one_is_counted(sender: Sender) -> None:
    asked: asyncio.Queue[None] = asyncio.Queue()
    go_on = asyncio.Event()

    async def together(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.put_nowait(None)
        await go_on.wait()
        await reply(status=500)(request, writer)

    async with origin(together) as receiver:
        delivery_id = await sender.due(receiver.url())
        both = [asyncio.create_task(to_come_back(sender.deliveries.deliver(delivery_id, 1))) for _ in range(2)]
        for _ in both:
            await asked.get()
        go_on.set()
        first, second = await asyncio.gather(*both)
    delivery = await sender.read(delivery_id)
    assert first == second == delivery.next_try_at
    assert [attempt.number for attempt in delivery.attempts] == [1]


async def test_a_call_whose_record_was_answered_by_an_outage_counts_once(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = repository.count
    answers: list[object] = []

    async def count(*arguments: Any) -> Any:
        answers.append(await real(*arguments))
        if len(answers) == 1:
            raise OperationalError("the answer is lost")
        return answers[-1]

    monkeypatch.setattr(repository, "count", count)
    async with origin(reply(status=500)) as receiver:
        delivery_id = await sender.due(receiver.url())
        at = await to_come_back(sender.deliveries.deliver(delivery_id, 1))
    delivery = await sender.read(delivery_id)
    assert answers[1] is None
    assert (len(delivery.attempts), delivery.next_try_at) == (1, at)
    assert len(receiver.requests) == 1


async def test_a_call_that_our_stop_cuts_off_uses_up_no_try(sender: Sender) -> None:
    asked = asyncio.Event()

    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with origin(hang, reply()) as receiver:
        job = await sender.ended(receiver.url())
        async with sender.serving():
            await asked.wait()
        assert [status for status, _ in await sender.tasks()] == ["todo"]
        assert (await sender.of(job)).attempts == ()
        async with sender.serving():
            await eventually(lambda: has_state(sender, job, State.DELIVERED))
    assert [attempt.number for attempt in (await sender.of(job)).attempts] == [1]


async def test_a_delivery_whose_worker_dies_before_it_calls_is_made_by_another(sender: Sender) -> None:
    manager = sender.queue.app.job_manager
    async with origin(reply()) as receiver:
        job = await sender.ended(receiver.url())
        await manager.fetch_job(queues=[WEBHOOKS], worker_id=await manager.register_worker())
        async with sender.pool.connection() as connection:
            await connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        await sender.queue.mend(30)
        async with sender.serving():
            await eventually(lambda: has_state(sender, job, State.DELIVERED))
    assert len(receiver.requests) == 1


async def test_a_worker_that_was_thought_dead_takes_no_retry_away(sender: Sender) -> None:
    """It was stopped amid its call; another has called, was refused, and its task waits for the next try."""
    manager = sender.queue.app.job_manager
    async with origin(reply(status=500)) as receiver:
        job = await sender.ended(receiver.url())
        delivery = await sender.of(job)
        task = await manager.fetch_job(queues=[WEBHOOKS], worker_id=await manager.register_worker())
        assert task is not None
        at = await to_come_back(sender.deliveries.deliver(delivery.id, 1))
        await manager.retry_job(task, retry_at=at)
        late = await to_come_back(sender.deliveries.deliver(delivery.id, 1))
        await manager.retry_job(task, retry_at=late)
    assert late == at
    assert [status for status, _ in await sender.tasks()] == ["todo"]


async def test_a_task_is_given_back_once_the_database_is_there_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sender.due("http://example.com/")
    manager = sender.queue.app.job_manager
    task = await manager.fetch_job(queues=[WEBHOOKS], worker_id=await manager.register_worker())
    assert task is not None
    tries: list[None] = []
    real = JobManager.retry_job

    async def retry_job(*arguments: Any) -> None:
        tries.append(None)
        if len(tries) == 1:
            raise OperationalError("the database is away")
        await real(*arguments)

    monkeypatch.setattr(JobManager, "retry_job", retry_job)
    await manager.retry_job(task)
    assert [status for status, _ in await sender.tasks()] == ["todo"]


async def test_a_fault_of_ours_loses_no_delivery(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Deliveries, "deliver", broken)
    delivery_id = await sender.due("http://example.com/")
    async with sender.serving():
        await eventually(partial(was_put_off, sender))
    assert await sender.tasks() == [("todo", {"delivery_id": str(delivery_id), "round": 1})]
    assert "a delivery broke off by a fault of ours" in capsys.readouterr().out


async def was_put_off(sender: Sender) -> bool:
    async with sender.pool.connection() as connection:
        rows = await connection.execute("SELECT FROM procrastinate_jobs WHERE attempts = 1 AND scheduled_at > now()")
        return len(await rows.fetchall()) == 1


@pytest.mark.parametrize("status", [200, 500])
async def test_a_delivery_that_has_ended_is_made_again_in_a_new_round(sender: Sender, status: int) -> None:
    deliveries = sender.make(webhook_retry_seconds=())
    async with origin(reply(status=status), reply()) as receiver:
        delivery_id = await sender.due(receiver.url())
        await deliveries.deliver(delivery_id, 1)
        await sender.again(delivery_id)
        assert (await sender.read(delivery_id)).state is State.PENDING
        await deliveries.deliver(delivery_id, 2)
    delivery = await sender.read(delivery_id)
    assert delivery.state is State.DELIVERED
    assert [attempt.number for attempt in delivery.attempts] == [1, 2]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


async def test_a_task_of_a_round_before_does_nothing(sender: Sender) -> None:
    async with origin(reply()) as receiver:
        delivery_id = await sender.due(receiver.url())
        await sender.again(delivery_id)
        await sender.deliveries.deliver(delivery_id, 1)
        assert receiver.requests == []
        await sender.deliveries.deliver(delivery_id, 2)
    assert len(receiver.requests) == 1
    assert [args["round"] for _, args in await sender.tasks()] == [1, 2]


async def test_a_call_for_a_round_before_is_not_counted_for_the_next(sender: Sender) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go_on.wait()
        await reply(status=500)(request, writer)

    async with origin(slow, reply()) as receiver:
        delivery_id = await sender.due(receiver.url())
        calling = asyncio.create_task(sender.deliveries.deliver(delivery_id, 1))
        await asked.wait()
        await sender.again(delivery_id)
        go_on.set()
        await calling
        assert (await sender.read(delivery_id)).attempts == ()
        await sender.deliveries.deliver(delivery_id, 2)
    assert [attempt.status_code for attempt in (await sender.read(delivery_id)).attempts] == [200]


def hanging(most: list[int]) -> Script:
    """A receiver that never answers, and notes how many calls there were at once."""
    open_calls: set[object] = set()

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        open_calls.add(request.body)
        most.append(len(open_calls))
        await asyncio.Event().wait()

    return script


async def test_a_receiver_that_stalls_with_hundreds_pending_delays_no_other(sender: Sender) -> None:
    """It would for ever, if it could: its calls have no end in this test."""
    most = [0]
    deliveries = sender.make(webhook_timeout_seconds=3600)
    async with AsyncExitStack() as stack:
        stalling = await stack.enter_async_context(origin(hanging(most)))
        well = await stack.enter_async_context(origin(reply()))
        stalled = [await sender.ended(stalling.url()) for _ in range(200)]
        async with sender.pool.connection() as connection:
            other = await ensure(connection, "theirs")
        async with sender.serving(deliveries):
            await eventually(partial(is_called, stalling))
            jobs = [await sender.ended(well.url(), account) for account in (sender.account, other)]
            for job in jobs:
                await eventually(partial(has_state, sender, job, State.DELIVERED))
        assert max(most) <= 4
        assert {await has_state(sender, job, State.PENDING) for job in stalled} == {True}
        assert {len((await sender.of(job)).attempts) for job in stalled} == {0}
    assert len(await sender.tasks()) == 200


async def is_called(receiver: Origin) -> bool:
    return bool(receiver.requests)


async def test_many_deliveries_for_one_receiver_all_arrive(sender: Sender) -> None:
    async with origin(reply()) as receiver, sender.serving():
        jobs = [await sender.ended(receiver.url()) for _ in range(60)]
        for job in jobs:
            await eventually(partial(has_state, sender, job, State.DELIVERED))
    assert sorted(json.loads(each.body)["id"] for each in receiver.requests) == sorted(str(job.id) for job in jobs)


STATEMENTS = {
    "WAITING": (repository.WAITING, (uuid4(), 1)),
    "CALL": (repository.CALL, (uuid4(), 1)),
    "OF_JOB": (repository.OF_JOB, (uuid4(), uuid4())),
    "GET": (repository.GET, (uuid4(), uuid4())),
    "ATTEMPTS": (repository.ATTEMPTS, (uuid4(), 100)),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_reading_stays_within_its_indexes(pool: Pool, name: str) -> None:
    statement, values = STATEMENTS[name]
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.execute("EXPLAIN " + statement, values)  # pyright: ignore[reportArgumentType]  # ours
        plan = "\n".join(row[0] for row in await rows.fetchall())
    assert "Seq Scan" not in plan, plan
