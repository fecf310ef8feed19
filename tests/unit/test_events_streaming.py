"""A stream on the wire: it lets others have their turn, ends when it is closed, and is one line an event."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from starlette.types import Message

from ffmill.api.streaming import EventStream, event_json
from ffmill.events.ends import Ends
from ffmill.events.feed import Feed
from ffmill.events.position import Position
from ffmill.events.stories import Story, Told
from ffmill.events.telling import Event, Kind
from ffmill.events.watches import JobWatch
from tests.running import job

LINES = 2000
LINE = Event(kind=Kind.LOG, data={"text": "x" * 60}, position=Position())


class Long(Story[JobWatch]):
    """So many lines of a log, and no more."""

    def __init__(self) -> None:
        super().__init__(JobWatch(uuid4(), None, with_log=True, ready=True))
        self.told = 0

    @property
    def over(self) -> bool:
        """Once all is told."""
        return self.told == LINES or super().over

    async def news(self) -> AsyncGenerator[Told]:
        """All of it."""
        while self.told < LINES:
            self.told += 1
            yield Told(id=str(self.told), event=LINE)


def streaming(story: Story[Any]) -> EventStream:
    """A stream of it, on parts that hold nothing else."""
    feed = Feed(None, None, 30)  # pyright: ignore[reportArgumentType]  # it reads nothing

    @contextmanager
    def opened() -> Generator[Story[Any]]:
        yield story

    parts = SimpleNamespace(feed=feed, stopping=asyncio.Event())
    return EventStream(parts, opened(), frozenset(Kind))  # pyright: ignore[reportArgumentType]  # all that it asks for


async def silent() -> Message:
    """A client that says nothing."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_client_that_takes_all_at_once_does_not_hold_up_the_others() -> None:
    turns, bodies = 0, list[bytes]()

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def send(message: Message) -> None:  # never waits, as long as the kernel takes what it is given
        bodies.append(message.get("body", b""))

    beside = asyncio.create_task(other())
    await streaming(Long())({"type": "http"}, silent, send)
    beside.cancel()
    assert b"".join(bodies).count(b"event: log") == LINES
    assert turns >= len(bodies) - 3  # head, retry and end apart, a turn for each piece


async def test_a_stream_that_is_closed_tells_nothing_more() -> None:
    story, sent = Long(), 0

    async def send(message: Message) -> None:
        nonlocal sent
        sent += message.get("body", b"").count(b"event: log")
        if sent:
            story.watch.close()

    await streaming(story)({"type": "http"}, silent, send)
    assert 0 < sent < LINES


async def test_an_end_is_made_once_for_all_streams() -> None:
    ended, made = job(), 0

    async def make(_: object) -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        return b"{}"

    ends = Ends()
    assert await asyncio.gather(*(ends.data(ended, make) for _ in range(5))) == [b"{}"] * 5
    assert made == 1


@pytest.mark.parametrize("end", ["\u0085", "\u2028", "\u2029", "\n", "\r", "\x0c"], ids=ascii)
def test_an_event_is_one_line_by_whatever_rule(end: str) -> None:
    assert len(event_json({"text": f"a{end}b"}).decode().splitlines()) == 1
