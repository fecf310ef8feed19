"""Who comes next: accounts share the workers by what they have at work, whatever they have queued."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffmill.accounts import repository as accounts
from ffmill.db.pool import Connection, Pool
from ffmill.jobs import attempts, lines, repository
from ffmill.jobs.attempts import Claim
from ffmill.jobs.model import Result, Status, Submission
from ffmill.jobs.repository import Accepted
from ffmill.jobs.tickets import let_begin
from ffmill.queue.engine import Queue
from ffmill.worker import recovery
from tests.failures import LOST
from tests.integration.test_recovery import tickets
from tests.integration.test_repository import SILENT, SUBMISSION, claim, new_account, new_worker, submit

DONE = Result(status=Status.SUCCEEDED)


@pytest.fixture
async def queue(pool: Pool) -> Queue:
    opened = Queue()
    await opened.open(pool)
    return opened


async def submit_many(
    connection: Connection, account: UUID, count: int, submission: Submission = SUBMISSION
) -> list[UUID]:
    accepted = [Accepted(id=uuid4(), submission=submission, input_keys={}, timeout_seconds=60) for _ in range(count)]
    return [job.id for job in await repository.insert(connection, account, accepted, silent_seconds=SILENT)]


async def set_share(connection: Connection, account: UUID, **share: float) -> None:
    await accounts.change(connection, account, {name: value or None for name, value in share.items()})


async def claim_all(connection: Connection, worker: UUID, slots: int) -> list[Claim]:
    """As many claims as there are slots, or jobs that may begin."""
    claims = [await attempts.claim(connection, machine="cpu", worker=worker, ticket=1) for _ in range(slots)]
    return [each for each in claims if each is not None]


def by_account(claims: Sequence[Claim]) -> Counter[UUID]:
    return Counter(each.job.account_id for each in claims)


async def test_a_single_job_passes_ten_thousand_of_another_account(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        crowd, single = await new_account(connection), await new_account(connection)
        for _ in range(10):
            await submit_many(connection, crowd, 1000)
        await claim_all(connection, worker, 4)
        job = await submit(connection, single)
        assert (await claim(connection, worker)).job.id == job.id


async def test_with_one_slot_accounts_take_turns(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        crowd, late = await new_account(connection), await new_account(connection)
        await submit_many(connection, crowd, 20)
        served: list[UUID] = []
        for turn in range(8):
            if turn == 3:
                await submit_many(connection, late, 3)
            claimed = await claim(connection, worker)
            served.append(claimed.job.account_id)
            await attempts.finish(connection, claimed.job, DONE)
        assert served == [crowd, crowd, crowd, crowd, late, crowd, late, crowd]


async def test_what_is_at_work_is_shared_by_weight(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        heavy, light = await new_account(connection), await new_account(connection)
        await set_share(connection, heavy, weight=3)
        for account in (heavy, light):
            await submit_many(connection, account, 50)
        assert by_account(await claim_all(connection, worker, 12)) == {heavy: 9, light: 3}


async def test_of_one_account_the_highest_priority_comes_first_then_the_oldest(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        wanted = {
            priority: await submit_many(connection, account, 2, replace(SUBMISSION, priority=priority))
            for priority in (0, 10, -10)
        }
        claimed = [each.job.id for each in await claim_all(connection, worker, 6)]
        assert claimed == wanted[10] + wanted[0] + wanted[-10]


async def test_priority_counts_within_its_account_only(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        loud, quiet = await new_account(connection), await new_account(connection)
        await submit_many(connection, loud, 4, replace(SUBMISSION, priority=10))
        await submit_many(connection, quiet, 4, replace(SUBMISSION, priority=-10))
        assert by_account(await claim_all(connection, worker, 4)) == {loud: 2, quiet: 2}


async def test_a_ceiling_holds_jobs_back_and_lets_others_pass(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        held, other = await new_account(connection), await new_account(connection)
        await set_share(connection, held, max_running=2)
        await submit_many(connection, held, 5)
        await submit_many(connection, other, 3)
        claims = await claim_all(connection, worker, 8)
        assert by_account(claims) == {held: 2, other: 3}
        mine = next(each for each in claims if each.job.account_id == held)
        assert mine.has_ceiling
        await attempts.finish(connection, mine.job, DONE)
        assert by_account(await claim_all(connection, worker, 8)) == {held: 1}
        await set_share(connection, held, max_running=0)
        assert by_account(await claim_all(connection, worker, 8)) == {held: 2}


async def test_a_ceiling_holds_under_claims_at_once(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker, account = await new_worker(connection), await new_account(connection)
        await set_share(connection, account, max_running=3)
        await submit_many(connection, account, 40)

    async def one() -> Claim | None:
        async with pool.connection() as own:
            return await attempts.claim(own, machine="cpu", worker=worker, ticket=1)

    claims = [each for each in await asyncio.gather(*(one() for _ in range(30))) if each]
    assert len(claims) == 3
    assert len({each.job.id for each in claims}) == 3


async def test_the_end_of_a_job_issues_a_ticket_for_what_was_held_back(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        worker, account = await new_worker(connection), await new_account(connection)
        await set_share(connection, account, max_running=1)
        await submit_many(connection, account, 2)
        claimed = await claim(connection, worker)
        await attempts.finish(connection, claimed.job, DONE)
        await let_begin(connection, queue, claimed.job)
        assert await tickets(connection) == 1
        await claim(connection, worker)
        free = await new_account(connection)
        await submit_many(connection, free, 2)
        await let_begin(connection, queue, replace(claimed.job, account_id=free))
        assert await tickets(connection) == 1, "an account without a ceiling holds nothing back"


async def test_tickets_are_missed_for_those_jobs_only_that_may_begin(pool: Pool, queue: Queue) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        held, free = await new_account(connection), await new_account(connection)
        await set_share(connection, held, max_running=3)
        await submit_many(connection, held, 10)
        await claim(connection, worker)
        await submit_many(connection, free, 4)
        await recovery.top_up_tickets(pool, queue)
        assert await tickets(connection) == 2 + 4
        await recovery.top_up_tickets(pool, queue)
        assert await tickets(connection) == 2 + 4


async def test_nobody_starves_among_a_thousand_accounts(pool: Pool) -> None:
    async with pool.connection() as connection:
        worker = await new_worker(connection)
        crowd = await new_account(connection)
        await submit_many(connection, crowd, 500)
        many = [await new_account(connection) for _ in range(100)]
        for account in many:
            await submit(connection, account)
        await claim(connection, worker)
        assert by_account(await claim_all(connection, worker, 100)).keys() == set(many)


async def test_a_line_goes_when_nothing_is_queued_in_it_and_comes_back(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, worker = await new_account(connection), await new_worker(connection)
        await submit(connection, account)
        claimed = await claim(connection, worker)
        async with connection.transaction():
            await lines.sweep(connection)
        assert await count_lines(connection) == 0
        assert await attempts.hand_back(connection, claimed.job)
        assert (await claim(connection, worker)).job.id == claimed.job.id
        async with connection.transaction():
            await lines.sweep(connection)
        await attempts.lose(connection, [worker], most=5, failure=LOST)
        assert await count_lines(connection) == 1


async def test_no_line_is_swept_from_under_a_job_that_is_being_submitted(pool: Pool) -> None:
    async with pool.connection() as submitter, pool.connection() as sweeper:
        account = await new_account(submitter)
        worker = await new_worker(submitter)
        await submit(submitter, account)
        await claim(submitter, worker)
        async with submitter.transaction():
            await submit(submitter, account)  # the line is there already, and looks unused to the sweep
            async with sweeper.transaction():
                await lines.sweep(sweeper)
        assert (await claim(submitter, worker)).job.account_id == account


async def count_lines(connection: Connection) -> int:
    row = await (await connection.execute("SELECT count(*) FROM lines")).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    queued=st.lists(st.integers(1, 8), min_size=1, max_size=5),
    ceilings=st.lists(st.integers(0, 4), min_size=5, max_size=5),
    slots=st.integers(1, 20),
)
async def test_no_account_has_two_more_at_work_than_one_that_waits(
    pool: Pool, queued: list[int], ceilings: list[int], slots: int
) -> None:
    async with pool.connection() as connection:
        await connection.execute("SET session_replication_role = replica")  # or the ledger refuses
        await connection.execute("TRUNCATE jobs, lines, accounts CASCADE")
        await connection.execute("RESET session_replication_role")
        worker = await new_worker(connection)
        owned = {await new_account(connection): count for count in queued}
        ceiling = dict(zip(owned, ceilings, strict=False))
        for account, count in owned.items():
            await set_share(connection, account, max_running=ceiling[account])
            await submit_many(connection, account, count)
        at_work = by_account(await claim_all(connection, worker, slots))
    may = {account: min(count, ceiling[account] or count) for account, count in owned.items()}
    assert at_work.total() == min(slots, sum(may.values()))
    waiting = [account for account in owned if at_work[account] < may[account]]
    for account in waiting:
        assert max(at_work.values()) <= at_work[account] + 1


async def test_housekeeping_is_one_workers_at_a_time(pool: Pool) -> None:
    assert await recovery.is_due(pool, 4.0)
    assert not await recovery.is_due(pool, 4.0)
    assert await recovery.is_due(pool, 0.0)
