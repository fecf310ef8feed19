"""Long work on the event loop lets others have their turn."""

import asyncio

import pytest

from ffmill import turns
from ffmill.errors import BadRequest
from ffmill.store.keyring import Keyring
from ffmill.store.own_files import OwnFiles
from ffmill.store.signing import Signer, SigningKey
from ffmill.turns import in_turns


async def turns_until(over: asyncio.Event) -> int:
    """How many turns another task gets."""
    count = 0
    while not over.is_set():
        await asyncio.sleep(0)
        count += 1
    return count


async def test_others_get_a_turn_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        other = group.create_task(turns_until(over))
        assert [item async for item in in_turns(range(100))] == list(range(100))
        over.set()
    assert other.result() >= 100


async def test_work_that_is_soon_done_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 3600)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        other = group.create_task(turns_until(over))
        assert [item async for item in in_turns(range(100))] == list(range(100))
        over.set()
    assert other.result() <= 1


async def test_others_get_a_turn_while_many_urls_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0)
    signer = Signer([SigningKey(id="k", secret=b"s" * 32)], "https://x.org")
    keyring = Keyring(signer, None)  # pyright: ignore[reportArgumentType]  # it asks no database where no key is new
    files = OwnFiles(keyring, None)  # pyright: ignore[reportArgumentType]  # nor does this where no file is ours
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        other = group.create_task(turns_until(over))
        assert await files.resolve(["https://example.org/x"] * 100) == [None] * 100
        (expired,) = await files.resolve([signer.sign("GET", "a", -1)])
        assert isinstance(expired, BadRequest)
        over.set()
    assert other.result() >= 100
