"""Signing keys in a real database, and the keyrings that follow them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from ffmill.db.pool import Connection, Pool
from ffmill.errors import Unavailable
from ffmill.jobs.view import OUTPUT_URL_SECONDS
from ffmill.store import keyring as keyrings
from ffmill.store import signing_keys
from ffmill.store.keyring import Keyring, following
from ffmill.store.own_files import OwnFiles
from ffmill.store.signing import InvalidSignature, Signer, SigningKey, UnknownKey

PATIENCE_SECONDS = 120.0
NEVER = 3600.0


async def keyring_of(pool: Pool) -> Keyring:
    """A keyring with the keys of now."""
    async with pool.connection() as connection:
        return Keyring(Signer(await signing_keys.load_or_create(connection), "https://x.org"), pool)


async def rotate(pool: Pool, *, at_once: bool = False) -> str:
    """The id of a new key."""
    async with pool.connection() as connection:
        return (await signing_keys.rotate(connection, at_once=at_once)).id


async def ids(pool: Pool) -> list[str]:
    async with pool.connection() as connection:
        return [key.id for key in await signing_keys.list_all(connection)]


def url_of(kid: str) -> str:
    return f"https://x.org/files/a?expires=9999999999&kid={kid}&sig=x"


@asynccontextmanager
async def one_reading(monkeypatch: pytest.MonkeyPatch, keyring: Keyring) -> AsyncGenerator[list[None]]:
    """The keyring runs, and reads no more than once, and only when a key is looked for; gives its readings."""
    readings: list[None] = []
    load = signing_keys.load

    async def counting(connection: Connection) -> list[SigningKey]:
        readings.append(None)
        return await load(connection)

    monkeypatch.setattr(signing_keys, "load", counting)
    monkeypatch.setattr(keyrings, "FOLLOW_SECONDS", NEVER)
    monkeypatch.setattr(keyrings, "PAUSE_SECONDS", NEVER)
    async with following(keyring):
        yield readings


async def test_the_newest_key_signs_and_all_verify(pool: Pool) -> None:
    keyring = await keyring_of(pool)
    (first,) = await ids(pool)
    before = keyring.signer.sign("GET", "a", 60)
    second = await rotate(pool)
    await keyring.step()
    assert await ids(pool) == [second, first]
    after = keyring.signer.sign("GET", "a", 60)
    assert (f"kid={first}" in before, f"kid={second}" in after) == (True, True)
    assert await keyring.verify("GET", before) == await keyring.verify("GET", after) == "a"


async def test_at_once_no_key_but_the_new_one_is_left(pool: Pool) -> None:
    keyring = await keyring_of(pool)
    before = keyring.signer.sign("GET", "a", 60)
    newest = await rotate(pool, at_once=True)
    assert await ids(pool) == [newest]
    await keyring.step()
    with pytest.raises(InvalidSignature):
        keyring.signer.verify("GET", before)


async def test_many_rotations_at_once_leave_one_order_and_at_least_one_key(pool: Pool) -> None:
    await keyring_of(pool)
    made = await asyncio.gather(*(rotate(pool, at_once=number % 2 == 0) for number in range(6)))
    left = await ids(pool)
    assert left
    assert set(left) <= set(made)
    async with pool.connection() as connection:
        rows = await (await connection.execute("SELECT created_at FROM signing_keys")).fetchall()
    assert len(set(rows)) == len(left)


async def test_a_new_key_is_the_newest_even_when_the_clock_went_back(pool: Pool) -> None:
    await keyring_of(pool)
    async with pool.connection() as connection:
        await connection.execute("UPDATE signing_keys SET created_at = now() + interval '1 day'")
    newest = await rotate(pool)
    assert (await ids(pool))[0] == newest


async def test_a_key_is_forgotten_when_its_successor_is_older_than_any_url_can_be(pool: Pool) -> None:
    assert signing_keys.KEPT_DAYS * 86_400 >= OUTPUT_URL_SECONDS + 86_400
    await keyring_of(pool)
    (first,) = await ids(pool)
    second = await rotate(pool)
    third = await rotate(pool)
    ages = {first: "20 days", second: "7 days 23 hours", third: "0"}
    async with pool.connection() as connection:
        for kid, age in ages.items():
            await connection.execute(
                "UPDATE signing_keys SET created_at = now() - %s::interval WHERE id = %s", (age, kid)
            )
        assert await signing_keys.forget_old(connection) == 0
        await connection.execute("UPDATE signing_keys SET created_at = created_at - interval '2 hours'")
        assert await signing_keys.forget_old(connection) == 1
        assert await ids(pool) == [third, second]
        await connection.execute("UPDATE signing_keys SET created_at = created_at - interval '1 year'")
        assert await signing_keys.forget_old(connection) == 1
        assert await signing_keys.forget_old(connection) == 0
    assert await ids(pool) == [third]


async def test_a_url_by_a_key_that_another_process_has_just_made_is_valid(pool: Pool) -> None:
    signs, verifies = await keyring_of(pool), await keyring_of(pool)
    async with following(verifies):
        await rotate(pool, at_once=True)
        await signs.step()
        url = signs.signer.sign("GET", "a", 60)
        assert await verifies.verify("GET", url) == "a"


async def test_a_reading_that_ends_late_brings_no_removed_key_back(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring, load = await keyring_of(pool), signing_keys.load
    url = keyring.signer.sign("GET", "a", 60)
    read, go_on = asyncio.Event(), asyncio.Event()

    async def late(connection: Connection) -> list[SigningKey]:
        keys = await load(connection)
        read.set()
        await go_on.wait()
        return keys

    with monkeypatch.context() as slow:
        slow.setattr(signing_keys, "load", late)
        older = asyncio.create_task(keyring.step())
        await read.wait()
    await rotate(pool, at_once=True)
    newer = asyncio.create_task(keyring.step())
    go_on.set()
    await asyncio.gather(older, newer)
    with pytest.raises(InvalidSignature):
        keyring.signer.verify("GET", url)


async def test_a_keyring_follows_by_itself(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyrings, "FOLLOW_SECONDS", 0)
    monkeypatch.setattr(keyrings, "PAUSE_SECONDS", 0)
    keyring, gone = await keyring_of(pool), asyncio.Event()
    (first,) = await ids(pool)
    replace = keyring.signer.replace

    def noting(keys: Sequence[SigningKey]) -> None:
        replace(keys)
        if not keyring.signer.has(first):
            gone.set()

    monkeypatch.setattr(keyring.signer, "replace", noting)
    async with following(keyring), asyncio.timeout(PATIENCE_SECONDS):
        await rotate(pool, at_once=True)
        await gone.wait()


async def test_strangers_share_one_reading(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = await keyring_of(pool)
    async with one_reading(monkeypatch, keyring) as readings:
        for _ in range(2):  # the second time, all of them are known to be strange
            refused = await asyncio.gather(
                *(keyring.verify("GET", url_of(f"{number:012x}")) for number in range(50)), return_exceptions=True
            )
            assert {type(error) for error in refused} == {UnknownKey}
    assert len(readings) == 1


async def test_only_so_many_strange_ids_are_remembered(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyrings, "MOST_STRANGE", 3)
    keyring = await keyring_of(pool)
    async with one_reading(monkeypatch, keyring) as readings:
        await keyring.look_for([f"{number:012x}" for number in range(9)])
        await keyring.look_for([f"{number:012x}" for number in (6, 7, 8)])
    assert len(readings) == 1


async def test_a_url_that_cannot_be_ours_has_nothing_read(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = await keyring_of(pool)
    async with one_reading(monkeypatch, keyring) as readings:
        for url in (
            "https://example.org/a",
            "https://example.org/a?expires=9&kid=0&sig=x",
            url_of("x" * 33),
            url_of(""),
            url_of("a&kid=b"),
        ):
            with pytest.raises(InvalidSignature):
                await keyring.verify("GET", url)
    assert readings == []


async def test_an_outage_leaves_the_keys_at_hand_and_marks_no_id_as_strange(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring, other = await keyring_of(pool), await keyring_of(pool)
    known = keyring.signer.sign("GET", "a", 60)
    await rotate(pool)
    await other.step()
    unknown = other.signer.sign("GET", "a", 60)
    load = signing_keys.load

    async def broken(_: object) -> list[SigningKey]:
        raise psycopg.OperationalError("gone")

    async with following(keyring):
        monkeypatch.setattr(signing_keys, "load", broken)
        with pytest.raises(Unavailable, match="signing keys cannot be read"):
            await keyring.verify("GET", unknown)
        assert await keyring.verify("GET", known) == "a"
        monkeypatch.setattr(signing_keys, "load", load)
        assert await keyring.verify("GET", unknown) == "a"


async def test_a_table_without_keys_leaves_those_at_hand(pool: Pool) -> None:
    keyring = await keyring_of(pool)
    url = keyring.signer.sign("GET", "a", 60)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM signing_keys")
    await keyring.step()
    assert await keyring.verify("GET", url) == "a"


async def test_whoever_gives_up_waiting_holds_up_nobody(pool: Pool) -> None:
    keyring = await keyring_of(pool)
    gone = asyncio.create_task(keyring.verify("GET", url_of("0")))
    stays = asyncio.create_task(keyring.verify("GET", url_of("1")))
    await asyncio.sleep(0)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    async with following(keyring):
        with pytest.raises(InvalidSignature):
            await stays


async def test_an_input_by_a_key_of_another_process_is_found_to_be_ours(pool: Pool) -> None:
    signs, verifies = await keyring_of(pool), await keyring_of(pool)
    await rotate(pool)
    await signs.step()
    urls = [signs.signer.sign("GET", "outputs/a", 60), url_of("0"), "https://example.org/"]
    async with following(verifies):
        assert await OwnFiles(verifies, pool).resolve(urls) == ["outputs/a", None, None]
