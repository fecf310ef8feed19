"""Accounts and API keys in a real database."""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ffmill.accounts import api_keys, callers, keys, managing, repository
from ffmill.accounts.callers import Rates
from ffmill.accounts.model import Account
from ffmill.db.pool import Pool
from ffmill.errors import BadRequest, NotFound
from tests.accounts import ensure

UNLIMITED = Rates(usual=0, paid=0)


async def make_account(pool: Pool, name: str = "studio") -> Account:
    async with pool.connection() as connection:
        return await ensure(connection, name)


async def make_key(pool: Pool, account: Account, name: str = "laptop") -> str:
    async with pool.connection() as connection:
        key, _ = await api_keys.create(connection, account.id, name)
        return key


async def account_of(pool: Pool, key: str) -> Account | None:
    async with pool.connection() as connection:
        caller, _ = await callers.call(connection, key, "192.0.2.1", UNLIMITED)
        return caller.account if caller else None


async def test_a_key_speaks_for_its_account_and_no_other(pool: Pool) -> None:
    studio, other = await make_account(pool), await make_account(pool, "other")
    assert await account_of(pool, await make_key(pool, studio)) == studio
    assert await account_of(pool, await make_key(pool, other)) == other


async def test_an_account_has_many_keys(pool: Pool) -> None:
    studio = await make_account(pool)
    first, second = await make_key(pool, studio), await make_key(pool, studio)
    assert first != second
    assert await account_of(pool, first) == await account_of(pool, second) == studio


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ffm_",
        "ffm_" + "a" * 42,
        "ffm_" + "a" * 44,
        "key_" + "a" * 43,
        "ffm_" + "ä" * 43,
        "ffm_" + "a" * 43 + "\n",
        "ffm_\0" + "a" * 42,
    ],
)
async def test_a_malformed_key_is_nobodys(pool: Pool, text: str) -> None:
    assert await account_of(pool, text) is None


async def test_an_unknown_key_is_nobodys(pool: Pool) -> None:
    await make_key(pool, await make_account(pool))
    assert await account_of(pool, keys.new_key()) is None


async def test_a_revoked_key_is_nobodys_and_its_sisters_stay(pool: Pool) -> None:
    studio = await make_account(pool)
    revoked, kept = await make_key(pool, studio), await make_key(pool, studio)
    async with pool.connection() as connection:
        await api_keys.revoke(connection, keys.prefix(revoked))
    assert await account_of(pool, revoked) is None
    assert await account_of(pool, kept) == studio


async def test_a_key_is_revoked_by_its_id_once_and_for_all(pool: Pool) -> None:
    key = await make_key(pool, await make_account(pool))
    async with pool.connection() as connection:
        (listed,) = await api_keys.list_all(connection)
        first = await api_keys.revoke(connection, str(listed.id))
        assert await api_keys.revoke(connection, str(listed.id)) is None
        assert first
        assert first.revoked_at is not None
        assert await api_keys.find(connection, str(listed.id)) == first
    assert await account_of(pool, key) is None


@pytest.mark.parametrize("unknown", ["ffm_notthere", str(UUID(int=7)), "%", "ffm_", "", "ffm_\0", "\ud800"])
async def test_revoking_what_is_not_there_revokes_nothing(pool: Pool, unknown: str) -> None:
    key = await make_key(pool, await make_account(pool))
    async with pool.connection() as connection:
        assert await api_keys.revoke(connection, unknown) is None
        with pytest.raises(NotFound, match="there is no key"):
            await api_keys.find(connection, unknown)
    assert await account_of(pool, key)


async def test_a_key_of_another_account_is_not_found(pool: Pool) -> None:
    studio, other = await make_account(pool), await make_account(pool, "other")
    key = await make_key(pool, studio)
    async with pool.connection() as connection:
        assert await api_keys.revoke(connection, keys.prefix(key), account_id=other.id) is None
        with pytest.raises(NotFound, match="there is no key"):
            await api_keys.find(connection, keys.prefix(key), account_id=other.id)
    assert await account_of(pool, key) == studio


async def test_a_key_is_nobodys_from_the_moment_that_it_expires(pool: Pool) -> None:
    studio = await make_account(pool)
    async with pool.connection() as connection:
        key, kept = await api_keys.create(
            connection, studio.id, "short", expires_at=datetime.now(UTC) + timedelta(hours=1)
        )
    assert await account_of(pool, key) == studio
    async with pool.connection() as connection:
        await connection.execute("UPDATE api_keys SET expires_at = now() WHERE id = %s", (kept.id,))
    assert await account_of(pool, key) is None


async def test_a_key_cannot_have_expired_already(pool: Pool) -> None:
    studio = await make_account(pool)
    async with pool.connection() as connection:
        with pytest.raises(BadRequest, match="must expire in the future"):
            await api_keys.create(connection, studio.id, "late", expires_at=datetime.now(UTC) - timedelta(seconds=1))
        assert await api_keys.list_of(connection, studio.id) == []


async def test_the_key_itself_is_kept_nowhere(pool: Pool) -> None:
    key = await make_key(pool, await make_account(pool))
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT api_keys::text FROM api_keys")).fetchone()
    assert row
    assert key not in row[0]
    assert key[12:] not in row[0]
    assert keys.digest(key).hex() in row[0]


async def test_a_list_shows_keys_without_their_secret(pool: Pool) -> None:
    studio = await make_account(pool)
    key = await make_key(pool, studio, "laptop")
    async with pool.connection() as connection:
        (listed,) = await api_keys.list_all(connection)
    assert (listed.account_name, listed.name, listed.prefix) == ("studio", "laptop", key[:12])
    assert key not in [str(getattr(listed, field.name)) for field in fields(listed)]


async def test_an_account_is_made_once(pool: Pool) -> None:
    async with pool.connection() as connection:
        first = await managing.ensure_account(connection, "a test", "owner", paid=True)
        again = await managing.ensure_account(connection, "a test", "owner")
    assert again == first
    assert first.terms.paid


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\0b", "\ud800", "a\nb"])
async def test_a_key_needs_a_name(pool: Pool, name: str) -> None:
    studio = await make_account(pool)
    with pytest.raises(BadRequest, match="1 to 200 printable characters"):
        await make_key(pool, studio, name)


async def test_a_key_is_looked_up_by_its_index(pool: Pool) -> None:
    studio = await make_account(pool)
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO api_keys (account_id, name, prefix, hash) "
            "SELECT %s, 'k', 'p', sha256(n::text::bytea) FROM generate_series(1, 5000) AS n",
            (studio.id,),
        )
        await connection.execute("ANALYZE api_keys")
        plan = await (await connection.execute(f"EXPLAIN {callers.CALLER}".encode(), {"hash": b"x"})).fetchall()
    assert "api_keys_hash_key" in str(plan)


def test_a_new_key_has_the_shape_that_is_promised() -> None:
    key = keys.new_key()
    assert re.fullmatch(r"ffm_[A-Za-z0-9_-]{43}", key)
    assert keys.is_key(key)
    assert key != keys.new_key()


@pytest.mark.parametrize("name", ["", " a", "a ", "a\0b", "\ud800", "a\tb", "x" * 201])
async def test_an_account_needs_a_name_that_can_be_shown(pool: Pool, name: str) -> None:
    with pytest.raises(BadRequest, match="1 to 200 printable characters"):
        await make_account(pool, name)
    async with pool.connection() as connection:
        with pytest.raises(NotFound, match="there is no account"):
            await repository.find(connection, name)


async def test_no_account_is_called_like_the_id_of_another(pool: Pool) -> None:
    studio = await make_account(pool)
    with pytest.raises(BadRequest, match="must not look like an id"):
        await make_account(pool, str(studio.id))
