"""The two ways by which a client makes ffmill dial: an input that is fetched, and a webhook that is delivered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from ffmill.errors import InputFailed
from ffmill.webhooks.deliver import deliver
from ffmill.worker.budget import Budget
from ffmill.worker.fetch import fetch

LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of it, as far as the client can tell."""

    status: int | None  # of the answer; an input that arrived has 200, one that did not has none
    said: str  # to the client


Way = Callable[[aiohttp.ClientSession, str, Path], Awaitable[Outcome]]


async def as_input(session: aiohttp.ClientSession, url: str, directory: Path) -> Outcome:
    """Fetches the URL as a job's input, without pauses between tries."""
    path = directory / "in"
    try:
        await fetch(session, url, path, limit_bytes=LIMIT_BYTES, budget=Budget(LIMIT_BYTES), pause=_at_once)
    except InputFailed as error:
        assert not path.exists()
        return Outcome(status=None, said=error.message)
    path.unlink()
    return Outcome(status=200, said="")


async def as_webhook(session: aiohttp.ClientSession, url: str, directory: Path) -> Outcome:
    """Delivers a job's end to the URL; the directory is not used."""
    delivered = await deliver(session, url, b'{"id": "1"}')
    return Outcome(status=delivered.status_code, said=delivered.error or "")


WAYS: dict[str, Way] = {"input": as_input, "webhook": as_webhook}


async def _at_once(seconds: float) -> None:
    assert seconds >= 0
