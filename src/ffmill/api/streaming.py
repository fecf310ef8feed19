"""Event streams: answers that go on for as long as there is something to tell, as server-sent events.

The wire is the HTML standard's, section 9.2: `id`, `event` and `data` of one line each, then an empty one.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Collection
from contextlib import AbstractContextManager, aclosing
from typing import Any, TypeAlias

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ffmill.api.answers import json_bytes
from ffmill.api.aside import aside
from ffmill.api.parts import SIGNED_AT_ONCE, Parts
from ffmill.api.waiting import hung_up, race
from ffmill.db.pool import UNREACHABLE
from ffmill.events.stories import Story, Told
from ffmill.events.telling import Kind
from ffmill.jobs.model import Job

LOG = structlog.stdlib.get_logger()
EVENTS = "text/event-stream"
SILENT_SECONDS = 15.0
RETRY_MS = (1000, 4000)  # after which a client comes back: not all of them at once after a restart
PIECE_BYTES = 16 << 10  # sent at once

HEARTBEAT = b": still here\n\n"
LINE_ENDS = {end.encode(): f"\\u{ord(end):04x}".encode() for end in "\u0085\u2028\u2029"}  # to some, if not to SSE

Opened: TypeAlias = AbstractContextManager[Story[Any]]


class EventStream(Response):
    """Tells a story as it goes on, until it is over, the server stops, or the client hangs up.

    A client that takes what it is sent too slowly misses progress, and is let go when it takes nothing (`unread.py`).
    One that is let go before the end of its story sees an answer that ended, and comes back.
    """

    def __init__(
        self, parts: Parts, story: Opened, kinds: Collection[Kind], *, silent_seconds: float = SILENT_SECONDS
    ) -> None:
        super().__init__(headers={"Content-Type": EVENTS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._story = story
        self._kinds = kinds
        self._silent_seconds = silent_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with self._story as story:
            async with race(self._tell(story, send), self._parts.stopping.wait(), hung_up(receive)) as runners:
                await asyncio.wait(runners, return_when=asyncio.FIRST_COMPLETED)
                if runners[0].done():
                    runners[0].result()
        await send({"type": "http.response.body"})

    async def _tell(self, story: Story[Any], send: Send) -> None:
        """Sends what is new whenever something is, and a comment where nothing is for long."""
        clock = asyncio.get_running_loop().time
        await _send(send, _begin())
        sent_at = clock()
        while True:
            story.watch.changed.clear()
            await self._parts.feed.turn()
            async with aclosing(self._pieces(story)) as pieces:
                async for piece in pieces:
                    if story.watch.closed:  # meanwhile, as by a key that was revoked
                        return
                    await _send(send, piece)
                    await self._parts.feed.turn()
                    sent_at = clock()
            if story.over:
                return
            try:
                async with asyncio.timeout_at(sent_at + self._silent_seconds):
                    await story.watch.changed.wait()
            except TimeoutError:
                await _send(send, HEARTBEAT)
                sent_at = clock()

    async def _pieces(self, story: Story[Any]) -> AsyncGenerator[bytes]:
        """What is new and asked for, some of it at a time."""
        piece = bytearray()
        try:
            async with aclosing(story.news()) as news:
                async for told in news:
                    if told.event.kind in self._kinds:
                        async for part in self._block(told):
                            piece += part
                            if len(piece) >= PIECE_BYTES:
                                yield bytes(piece)
                                piece.clear()
        except UNREACHABLE as error:  # it is asked again with the next that is new
            LOG.warning("an event stream is behind", error=str(error).strip())
        if piece:
            yield bytes(piece)

    async def _block(self, told: Told) -> AsyncGenerator[bytes]:
        """One event on the wire, in parts: that of a large job is shared by its streams, not copied whole."""
        plain = told.event.data
        data = await self._parts.feed.ends.data(plain, self._end) if isinstance(plain, Job) else event_json(plain)
        yield b"id: %b\nevent: %b\ndata: " % (told.id.encode(), told.event.kind.encode())
        for start in range(0, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]
        yield b"\n\n"

    async def _end(self, job: Job) -> bytes:
        view = await self._parts.view(job)
        few = len(job.outputs) <= SIGNED_AT_ONCE
        return event_json(view) if few else await aside(lambda: event_json(view))


def event_json(value: Any) -> bytes:
    """`value` in one line, for those too who split text at whatever Unicode calls the end of a line."""
    data = json_bytes(value)
    for end, escaped in LINE_ENDS.items():
        data = data.replace(end, escaped)
    return data


def _begin() -> bytes:
    least, most = RETRY_MS
    return b"retry: %d\n\n" % (least + secrets.randbelow(most - least + 1))


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
