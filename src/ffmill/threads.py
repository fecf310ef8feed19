"""Blocking calls beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(
    threads: Executor | None, call: Callable[..., T], *arguments: object, stop: Callable[[], None] | None = None
) -> T:
    """The result of a blocking call, made by one of `threads`, or of the loop's own where there are none.

    A thread cannot be stopped: a cancellation calls `stop`, which may shorten the call, and leaves when the call is
    done. What the call works with, as a descriptor, may be closed from then on.
    """
    running = asyncio.get_running_loop().run_in_executor(threads, call, *arguments)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if stop:
            stop()
        while not running.done():  # anyio, and so starlette, cancels again and again
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        running.exception()  # nobody else asks for it, and asyncio would complain
        raise
