"""Runs coroutines that never wait, without an event loop."""

from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine gives or raises; it runs in one step, since all that it awaits blocks instead."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("a coroutine over a SyncWire has waited for something")


def iterate(source: AsyncGenerator[T]) -> Generator[T]:
    """The same of an asynchronous generator, which is closed with the one that is given."""
    try:
        while True:
            try:
                value = run(_next(source))
            except StopAsyncIteration:
                return
            yield value
    finally:
        run(source.aclose())


async def _next(source: AsyncGenerator[T]) -> T:
    return await anext(source)
