"""Ctrl-C and SIGTERM: what is at work is cancelled, and has a moment to tidy up."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
INTERRUPTED = 255  # the exit code of ffmpeg on SIGINT


def run(work: Coroutine[Any, Any, T], interrupted: T) -> T:
    """Runs `work` to its end; gives `interrupted` where a signal ended it."""
    try:
        return asyncio.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        return interrupted


async def _cancelled_by_signals(work: Coroutine[Any, Any, T]) -> T:
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
