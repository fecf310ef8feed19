"""A database that cannot be reached for a while: what failed for that is tried again, for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ffmill.db.pool import UNREACHABLE

T = TypeVar("T")
PAUSE_SECONDS = 0.5


async def patiently(call: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What `call` gives; again while the database cannot be reached, until so many seconds are over.

    Raises one of UNREACHABLE in the end. A call that writes may have been done although its answer was lost.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while True:
        try:
            return await call()
        except UNREACHABLE:
            if loop.time() > give_up:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
