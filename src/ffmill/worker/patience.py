"""A store that is out of reach for a while costs no job: what failed is tried again, for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from ffmill.errors import Unavailable

T = TypeVar("T")
LOG = structlog.stdlib.get_logger()
PATIENCE_SECONDS = 60.0  # a store that is started anew, or moves to its other half, takes less
PAUSE_SECONDS = 0.5


async def patiently(call: Callable[[], Awaitable[T]], *, can_go_on: Callable[[], bool] = lambda: True) -> T:
    """What `call` gives; again while the store cannot be used and `can_go_on`. Raises Unavailable in the end."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + PATIENCE_SECONDS
    tell = LOG.warning
    while True:
        try:
            return await call()
        except Unavailable as error:
            if loop.time() > give_up or not can_go_on():
                raise
            tell("the store cannot be used; trying again", error=error.message, for_seconds=PATIENCE_SECONDS)
            tell = LOG.debug
        await asyncio.sleep(PAUSE_SECONDS)
