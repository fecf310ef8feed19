"""How many deliveries an account makes at once, for one site and in all, and when one that finds no place comes back.

A site may be many people's, as a service that takes webhooks for others: one account's slow calls hold up its own.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar
from uuid import UUID

OF_SITE = 4  # scheme, host and port
OF_ACCOUNT = 16
IN_LINE = 8  # those that wait beside the calls for a site, rather than go away and come back
IN_LINE_SECONDS = 2.0  # as long as it takes until the engine looks again for what is due
USUAL_SECONDS = 0.25  # a call, as long as nothing is known
WEIGHT = 0.25  # of the last call in the moving average
HORIZON_SECONDS = 600.0  # whoever goes away looks in again by then: a slow receiver may have become a quick one

K = TypeVar("K", bound=Hashable)


class NoPlace(Exception):
    """As many calls as may be are made for this site, or of this account."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds  # until there will be a place, as far as can be known


class Places:
    """The places of one process."""

    def __init__(
        self,
        *,
        of_site: int = OF_SITE,
        of_account: int = OF_ACCOUNT,
        in_line: int = IN_LINE,
        in_line_seconds: float = IN_LINE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sites = Lanes[tuple[str, UUID]](lambda: Lane(of_site, in_line, in_line_seconds, clock))
        self.accounts = Lanes[UUID](lambda: Lane(of_account, 0, 0, clock))

    @asynccontextmanager
    async def taken(self, site: str, account_id: UUID) -> AsyncGenerator[None]:
        """A place for a call, until it is left. Raises NoPlace."""
        with self.sites.lane((site, account_id)) as site_lane, self.accounts.lane(account_id) as account_lane:
            async with site_lane.place(), account_lane.place():
                with site_lane.timed(), account_lane.timed():
                    yield


class Lanes(Generic[K]):
    """A lane for each key, as long as it is used: what is known of the others is forgotten."""

    def __init__(self, make: Callable[[], "Lane"]) -> None:
        self._make = make
        self._lanes: dict[K, tuple[Lane, int]] = {}

    @contextmanager
    def lane(self, key: K) -> Generator["Lane"]:
        """The lane of that key."""
        lane, users = self._lanes.get(key) or (self._make(), 0)
        self._lanes[key] = lane, users + 1
        try:
            yield lane
        finally:
            self._leave(key)

    def _leave(self, key: K) -> None:
        lane, users = self._lanes.pop(key)
        if users > 1:
            self._lanes[key] = lane, users - 1

    def __len__(self) -> int:
        return len(self._lanes)


class Lane:
    """The calls for one site, or of one account, and a line of some that wait for a place there."""

    def __init__(self, places: int, in_line: int, in_line_seconds: float, clock: Callable[[], float]) -> None:
        self._places = places
        self._free = asyncio.Semaphore(places)
        self._most_in_line = in_line
        self._in_line_seconds = in_line_seconds
        self._clock = clock
        self._in_line = 0
        self._began: dict[object, float] = {}  # by call, the oldest first
        self._average = USUAL_SECONDS  # of what calls took lately
        self._next_free = clock()  # when whoever goes away next may come back

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """A place, at once or after a while in the line. Raises NoPlace."""
        await self._enter()
        try:
            yield
        finally:
            self._free.release()

    @contextmanager
    def timed(self) -> Generator[None]:
        """Takes the time of a call."""
        call = object()
        self._began[call] = self._clock()
        try:
            yield
        finally:
            took = self._clock() - self._began.pop(call)
            self._average += WEIGHT * (took - self._average)

    async def _enter(self) -> None:
        if self._free.locked() and not self._may_wait():
            raise NoPlace(self._turn())
        self._in_line += 1
        try:
            async with asyncio.timeout(self._in_line_seconds if self._free.locked() else None):
                await self._free.acquire()
        except TimeoutError as error:
            raise NoPlace(self._turn()) from error
        finally:
            self._in_line -= 1

    def _may_wait(self) -> bool:
        """Whether the line is short, and its end will likely be reached in time."""
        return self._in_line < self._most_in_line and (self._in_line + 1) * self._pace() < self._in_line_seconds

    def _turn(self) -> float:
        """Seconds until the next turn: all that go away come back one by one, as fast as places become free."""
        now, pace = self._clock(), self._pace()
        turn = max(self._next_free, now) + pace
        self._next_free = turn if turn <= now + HORIZON_SECONDS else now + pace
        return self._next_free - now

    def _pace(self) -> float:
        """Seconds in which a place becomes free. That a receiver hangs is seen before its calls have ended."""
        oldest = min(self._began.values(), default=self._clock())
        return max(self._average, self._clock() - oldest) / self._places
