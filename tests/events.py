"""Event streams as tests read them, and a worker that says what it is told to."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from ffmill.db.pool import Pool
from ffmill.jobs import attempts
from ffmill.jobs.model import Job, Output, Progress, Result, Status, Trail
from ffmill.worker import registry


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event."""

    id: str
    kind: str
    data: dict[str, Any]


@dataclass(kw_only=True)
class Stream:
    """An open stream."""

    answer: httpx.Response
    lines: AsyncIterator[str]
    comments: list[str] = field(default_factory=list[str])

    async def next(self) -> Event | None:
        """The next event; None when the stream has ended."""
        told = dict[str, str]()
        async for line in self.lines:
            if not line and "data" in told:
                return Event(id=told["id"], kind=told["event"], data=json.loads(told["data"]))
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                told[name] = value
        return None

    async def until(self, kind: str) -> list[Event]:
        """All events up to the next of a kind, that one too."""
        events: list[Event] = []
        while event := await self.next():
            events.append(event)
            if event.kind == kind:
                return events
        raise AssertionError(f"the stream ended without {kind}; it told {[each.kind for each in events]}")

    async def rest(self) -> list[Event]:
        """All events to the end of the stream."""
        events: list[Event] = []
        while event := await self.next():
            events.append(event)
        return events


@asynccontextmanager
async def follow(client: httpx.AsyncClient, path: str, last: str | None = None) -> AsyncGenerator[Stream]:
    """A stream, resumed after the event of that id."""
    headers = {} if last is None else {"Last-Event-ID": last}
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer=answer, lines=answer.aiter_lines())


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A worker, moved by hand."""

    pool: Pool
    id: UUID

    async def claim(self) -> Job:
        """Takes the next job."""
        async with self.pool.connection() as connection:
            claimed = await attempts.claim(connection, machine="cpu", worker=self.id, ticket=1)
        assert claimed
        return claimed.job

    async def tell(self, job: Job, *lines: str, count: int | None = None, outputs: int = 0, **news: Any) -> None:
        """Writes news: the last lines of its log, so many in all, its outputs, its progress."""
        trail = Trail(
            log_lines=len(lines) if count is None else count,
            log_tail="".join(f"{line}\n" for line in lines),
            outputs=kept(job, outputs),
        )
        async with self.pool.connection() as connection:
            await attempts.report(connection, job, Progress(**news), trail)

    async def finish(self, job: Job, *lines: str, status: Status = Status.SUCCEEDED, outputs: int = 0) -> None:
        """Ends the attempt."""
        result = Result(
            status=status,
            outputs=kept(job, outputs),
            log="".join(f"{line}\n" for line in lines),
            log_lines=len(lines),
            error_message="broken" if status is Status.FAILED else "",
        )
        async with self.pool.connection() as connection:
            assert await attempts.finish(connection, job, result)

    async def hand_back(self, job: Job) -> None:
        """Gives the job up."""
        async with self.pool.connection() as connection:
            assert await attempts.hand_back(connection, job)


def kept(job: Job, count: int) -> tuple[Output, ...]:
    """So many outputs of an attempt."""
    return tuple(
        Output(name=f"{n}.png", key=f"outputs/{job.id}/{job.attempt}/{n}.png", bytes=n + 1) for n in range(count)
    )


async def until(look: Callable[[], object]) -> None:
    """Returns once `look` gives something."""
    never = asyncio.get_running_loop().create_future()
    while not look():
        await asyncio.wait([never], timeout=0.01)


async def hand(pool: Pool) -> Hand:
    """A worker of the machine `cpu`."""
    registration = registry.Registration(name=uuid4().hex, machine="cpu", concurrency=8)
    async with pool.connection() as connection:
        return Hand(pool=pool, id=await registry.register(connection, registration))
