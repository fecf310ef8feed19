"""A blocking call beside the loop is left when it is done, and not before."""

import asyncio
import threading

import pytest

from ffmill.threads import in_thread


async def test_the_result_and_the_error_of_a_call_pass_through() -> None:
    assert await in_thread(None, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(None, divmod, 7, 0)


async def test_a_call_is_left_when_it_is_done_however_often_it_is_cancelled() -> None:
    begun, held = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        held.wait()

    task = asyncio.create_task(in_thread(None, call))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.wait([task], timeout=0)
        await asyncio.wait([task], timeout=0)
    assert not task.done()
    held.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_call_is_told_to_stop() -> None:
    begun, stop = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        stop.wait()
        raise ValueError("stopped")

    task = asyncio.create_task(in_thread(None, call, stop=stop.set))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
