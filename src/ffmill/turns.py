"""Long work on the event loop, in slices, so that everything else gets its turn in between."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import TypeVar

T = TypeVar("T")
SLICE_SECONDS = 0.005


async def in_turns(items: Iterable[T]) -> AsyncGenerator[T]:
    """The items, each to be dealt with at once; the loop turns whenever those since the last turn took long."""
    began = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - began >= SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()
