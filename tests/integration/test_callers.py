"""Who a request comes from and whether it is within its rate, against a real database."""

import asyncio
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from ffmill.accounts import api_keys, callers, repository
from ffmill.accounts.callers import Allowance, Rates
from ffmill.accounts.model import Account, Caller, Scope
from ffmill.db.pool import Connection, Pool
from tests.accounts import ensure

RATES = Rates(usual=10, paid=100)
ADDRESS = "192.0.2.7"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing had been said in the log yet."""
    monkeypatch.setattr(callers.Complained, "at", float("-inf"))


async def new_account(connection: Connection, *, paid: bool = False) -> tuple[Account, str]:
    account = await ensure(connection, f"account {uuid4()}", paid=paid)
    key, _ = await api_keys.create(connection, account.id, "test")
    return account, key


async def count(connection: Connection, key: str | None, *, address: str = ADDRESS, rates: Rates = RATES) -> int:
    """How many requests are taken at one instant, which a transaction is to the database's clock."""
    taken = 0
    async with connection.transaction(force_rollback=True):
        while (await taken_by(connection, key, address, rates)).taken:
            taken += 1
    return taken


async def taken_by(connection: Connection, key: str | None, address: str = ADDRESS, rates: Rates = RATES) -> Allowance:
    _, allowance = await callers.call(connection, key, address, rates)
    assert allowance is not None
    return allowance


@pytest.mark.parametrize(("paid", "burst"), [(False, 20), (True, 200)])
async def test_an_account_has_bursts_of_twice_its_rate(pool: Pool, *, paid: bool, burst: int) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection, paid=paid)
        assert await count(connection, key) == burst


async def test_an_account_may_have_a_rate_of_its_own(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, key = await new_account(connection)
        await repository.change(connection, account.id, {"rate_limit": 3})
        assert await count(connection, key) == 6


@pytest.mark.parametrize("rates", [Rates(usual=0, paid=100), Rates(usual=10, paid=0)])
async def test_a_rate_of_0_is_no_limit(pool: Pool, rates: Rates) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection, paid=rates.paid == 0)
        with capture_logs() as lines:
            caller, allowance = await callers.call(connection, key, ADDRESS, rates)
        assert caller is not None
        assert (allowance, lines) == (None, [])


async def test_an_account_without_a_limit_of_its_own_is_not_counted(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, key = await new_account(connection)
        await repository.change(connection, account.id, {"rate_limit": 0})
        with capture_logs() as lines:
            assert (await callers.call(connection, key, ADDRESS, RATES))[1] is None
        assert lines == []


async def test_the_keys_of_an_account_share_its_rate_and_accounts_do_not(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, one = await new_account(connection)
        two, _ = await api_keys.create(connection, account.id, "second")
        _, other = await new_account(connection)
        async with connection.transaction():
            first = await taken_by(connection, one)
            second = await taken_by(connection, two)
            assert (first.remaining, second.remaining) == (19, 18)
            assert (await taken_by(connection, other)).remaining == 19


async def test_strangers_are_counted_by_address(pool: Pool) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection)
        async with connection.transaction():
            assert (await taken_by(connection, None)).remaining == 19
            assert (await taken_by(connection, "ffm_" + "a" * 43)).remaining == 18
            assert (await taken_by(connection, "nonsense")).remaining == 17
            assert (await taken_by(connection, None, "192.0.2.8")).remaining == 19
            assert (await taken_by(connection, key)).remaining == 19


async def test_a_bucket_fills_again_with_time(pool: Pool) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection)
        await taken_by(connection, key)
        await connection.execute("UPDATE rate_limits SET full_at = now() + interval '1 hour'")
        refused = await taken_by(connection, key)
        assert (refused.taken, refused.remaining) == (False, 0)
        assert 3590 <= refused.retry_seconds <= 3600
        await connection.execute("UPDATE rate_limits SET full_at = now() - interval '1 hour'")
        async with connection.transaction(force_rollback=True):
            again = await taken_by(connection, key)
        assert (again.taken, again.remaining) == (True, 19)


async def test_a_refused_request_takes_nothing(pool: Pool) -> None:
    async with pool.connection() as connection, connection.transaction():
        _, key = await new_account(connection)
        while (await taken_by(connection, key)).taken:
            pass
        assert (await taken_by(connection, key)).full_in == (await taken_by(connection, key)).full_in == 2


async def test_requests_at_once_are_counted_one_by_one(pool: Pool) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection)

    async def call() -> bool:
        async with pool.connection() as connection:
            return (await taken_by(connection, key)).taken

    async with pool.connection() as connection:
        began = await clock(connection)
        taken = sum(await asyncio.gather(*(call() for _ in range(100))))
        seconds = await clock(connection) - began
    assert 20 <= taken <= 20 + 10 * seconds + 1


async def clock(connection: Connection) -> float:
    """Seconds, by the database."""
    row = await (await connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8")).fetchone()
    assert row is not None
    return row[0]


async def test_a_limiter_that_fails_lets_requests_through_and_says_so(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, key = await new_account(connection)
        await connection.execute("DROP TABLE rate_limits")
        with capture_logs() as lines:
            caller, allowance = await callers.call(connection, key, ADDRESS, RATES)
        assert (caller and caller.account, allowance) == (account, None)
        assert [line["event"] for line in lines] == ["requests are not limited: the limiter failed"]


async def test_where_nothing_can_be_written_requests_are_let_through(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, key = await new_account(connection)
        await connection.execute("SET default_transaction_read_only = on")
        caller, allowance = await callers.call(connection, key, ADDRESS, RATES)
        assert (caller and caller.account, allowance) == (account, None)
        await connection.execute("RESET default_transaction_read_only")


async def test_a_limiter_that_fails_is_not_told_at_every_request(pool: Pool) -> None:
    async with pool.connection() as connection:
        _, key = await new_account(connection)
        await connection.execute("DROP TABLE rate_limits")
        with capture_logs() as lines:
            for _ in range(3):
                await callers.call(connection, key, ADDRESS, RATES)
    assert len(lines) == 1


async def test_when_a_key_was_used_is_known_to_the_minute(pool: Pool) -> None:
    async with pool.connection() as connection:
        account, key = await new_account(connection)
        assert [kept.last_used_at for kept in await api_keys.list_of(connection, account.id)] == [None]
        await callers.call(connection, key, ADDRESS, RATES)
        (used,) = await api_keys.list_of(connection, account.id)
        await callers.call(connection, key, ADDRESS, RATES)
        (again,) = await api_keys.list_of(connection, account.id)
        assert used.last_used_at is not None
        assert again.last_used_at == used.last_used_at
        await connection.execute("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'")
        await callers.call(connection, key, ADDRESS, RATES)
        (later,) = await api_keys.list_of(connection, account.id)
        assert later.last_used_at is not None
        assert later.last_used_at > used.last_used_at


def test_an_administrators_key_may_do_everything_and_others_what_they_say() -> None:
    def may(*scopes: Scope) -> set[Scope]:
        caller = Caller(account=None, prefix="", scopes=frozenset(scopes))  # pyright: ignore[reportArgumentType]
        return {scope for scope in Scope if caller.may(scope)}

    assert may(Scope.ADMIN) == set(Scope)
    assert may(Scope.JOBS_READ, Scope.USAGE_READ) == {Scope.JOBS_READ, Scope.USAGE_READ}


async def test_caller_and_bucket_are_found_by_their_indexes(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO rate_limits SELECT n::text, now() FROM generate_series(1, 5000) AS n")
        await connection.execute("ANALYZE rate_limits")
        rows = await connection.execute("EXPLAIN SELECT full_at FROM rate_limits WHERE key = '17'")
        assert "rate_limits_pkey" in str(await rows.fetchall())
