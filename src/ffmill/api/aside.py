"""Long computations beside the event loop: in one thread, so that those who ask for them wait for each other alone."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="aside")


async def aside(call: Callable[[], T]) -> T:
    """What `call` gives, computed while the loop serves others; not for what waits, nor for what touches the loop."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, call)
