"""What one stream tells, from where it was left: of a job, or of all jobs of an account."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Generic, TypeVar
from uuid import UUID

from ffmill.db.pool import Pool
from ffmill.events import repository
from ffmill.events.position import END, Position
from ffmill.events.seen import Seen, finished, outputs_of
from ffmill.events.telling import Event, tell
from ffmill.events.watches import AccountWatch, JobWatch, Watch
from ffmill.jobs.model import Job

OVERLAP = timedelta(seconds=60)  # before the time at which a stream was left: a commit may have been under way
FIRST = UUID(int=0)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
W = TypeVar("W", bound=Watch)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event with its id: a stream that is resumed there tells what comes after it."""

    id: str
    event: Event


class Story(ABC, Generic[W]):
    """Gives what is new, whenever it is asked."""

    def __init__(self, watch: W) -> None:
        self.watch = watch

    @property
    def over(self) -> bool:
        """Whether there will be nothing more."""
        return self.watch.closed

    @abstractmethod
    def news(self) -> AsyncGenerator[Told]:
        """What is new since it was asked last; raises psycopg's errors where that is not known now."""


class JobStory(Story[JobWatch]):
    """Of a job, to its end."""

    def __init__(self, watch: JobWatch, at: Position | None) -> None:
        super().__init__(watch)
        self._at = at or Position()

    @property
    def over(self) -> bool:
        """When the end was told, or the job is gone."""
        return self._at.state == END or super().over

    async def news(self) -> AsyncGenerator[Told]:
        """Events since the position."""
        if self.watch.seen is None:
            return
        for event in tell(self.watch.seen, self._at):
            self._at = event.position
            yield Told(id=event.position.text, event=event)


class AccountStory(Story[AccountWatch]):
    """Of an account's jobs: those at work and those created from now on, and all that end.

    Its ids are times of the database: what had ended before was told. Where ends may have been missed, as before a
    stream was resumed, they are read from the database, some of them for the second time.
    """

    def __init__(self, watch: AccountWatch, pool: Pool, since: datetime | None) -> None:
        super().__init__(watch)
        self._pool = pool
        self._since = None if since is None else max(since, EARLIEST)
        self._floor: datetime | None = None if since is None else EARLIEST  # what ended before is nothing to it
        self._behind = since is not None
        self._opened = _now()
        self._gaps, self._number = watch.channel.gaps, watch.channel.number
        self._positions: dict[UUID, Position] = {}
        self._ended: dict[UUID, datetime] = {}  # told lately

    async def news(self) -> AsyncGenerator[Told]:
        """First what ended in the past, where that is wanted, then what the channel has."""
        channel = self.watch.channel
        clock, number, live, ended = channel.clock, channel.number, channel.live, channel.since(self._number)
        if clock is None:
            return
        self._floor = self._floor or clock - timedelta(seconds=_now() - self._opened)  # the first look may come late
        self._since = min(self._since or clock, clock)  # an id may be of the future
        if ended is None or channel.gaps != self._gaps or self._behind:
            self._behind, self._gaps = True, channel.gaps
            async with aclosing(self._past(self._since)) as past:
                async for told in past:
                    yield told
            self._behind = False
        self._number = number
        before, self._since = self._since, max(self._since, clock)
        for event, last in _with_last(
            event for seen in chain(ended or (), live.values()) for event in self._tell(seen)
        ):
            yield Told(id=_text(self._since if last else before), event=event)
        self._forget(live)

    async def _past(self, since: datetime) -> AsyncGenerator[Told]:
        time, job_id = max(since - OVERLAP, self._floor or EARLIEST), FIRST
        while not self.watch.closed and (page := await self._page(time, job_id)):
            for job in page:
                for event in self._tell(_past_of(job)):
                    yield Told(id=_text(max(since, finished(job))), event=event)
            time, job_id = finished(page[-1]), page[-1].id
            self._since = max(since, time)
            self._forget_ended()

    async def _page(self, time: datetime, job_id: UUID) -> list[Job]:
        async with self._pool.connection() as connection:
            return await repository.ended(connection, self.watch.account_id, time, job_id)

    def _tell(self, seen: Seen) -> Iterable[Event]:
        """What is new of a job; of one whose end was told, nothing."""
        if seen.id in self._ended:
            return
        for event in tell(seen, self._positions.get(seen.id, Position())):
            self._positions[seen.id] = event.position
            yield event
        if seen.job is not None:
            self._positions.pop(seen.id, None)
            self._ended[seen.id] = finished(seen.job)

    def _forget(self, live: Iterable[UUID]) -> None:
        """What nobody asks for again."""
        self._positions = {job_id: self._positions[job_id] for job_id in live if job_id in self._positions}
        self._forget_ended()

    def _forget_ended(self) -> None:
        if self._since is not None:
            oldest = self._since - 2 * OVERLAP
            self._ended = {job_id: time for job_id, time in self._ended.items() if time > oldest}


def _with_last(events: Iterable[Event]) -> Iterator[tuple[Event, bool]]:
    """Each, and whether it is the last: made no earlier than that takes, for there may be very many."""
    waiting: Event | None = None
    for event in events:
        if waiting is not None:
            yield waiting, False
        waiting = event
    if waiting is not None:
        yield waiting, True


def _past_of(job: Job) -> Seen:
    """A job that ended while nobody looked; its log is not read."""
    return Seen(
        id=job.id,
        account_id=job.account_id,
        listed=True,
        status=job.status,
        machine=job.machine,
        unattended=False,
        attempt=job.attempt,
        command_index=job.command_index,
        commands_total=len(job.ffmpeg_commands),
        updated_at=job.updated_at,
        progress=None,
        log_lines=0,
        tail=None,
        outputs=outputs_of(job),
        job=job,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
