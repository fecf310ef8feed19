"""Places of deliveries: so many for a site and for an account, and who finds none comes back at a pace."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from ffmill.webhooks.places import HORIZON_SECONDS, NoPlace, Places

OURS, THEIRS = uuid4(), uuid4()
SLOW, QUICK = "http://slow.example", "http://quick.example"


@dataclass
class Clock:
    """A clock that the test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(clock: Clock) -> Places:
    """Places without a line."""
    return Places(in_line=0, clock=clock)


@asynccontextmanager
async def calls(places: Places, count: int, site: str = SLOW, account: UUID = OURS) -> AsyncGenerator[None]:
    """So many calls at once."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(places.taken(site, account))
        yield


async def refused(places: Places, site: str = SLOW, account: UUID = OURS) -> float:
    """After how many seconds the delivery is to come back."""
    with pytest.raises(NoPlace) as caught:
        async with places.taken(site, account):
            pass
    return caught.value.seconds


async def test_an_account_has_four_places_at_a_site_and_at_another_site_and_another_account_their_own(
    places: Places,
) -> None:
    async with calls(places, 4):
        assert await refused(places) > 0
        async with calls(places, 4, QUICK), calls(places, 4, account=THEIRS):
            assert await refused(places, account=THEIRS) > 0
    async with calls(places, 4):
        pass


async def test_an_account_has_sixteen_places_and_another_account_its_own(places: Places) -> None:
    async with AsyncExitStack() as stack:
        for number in range(4):
            await stack.enter_async_context(calls(places, 4, f"http://{number}.example"))
        assert await refused(places, QUICK) > 0
        async with calls(places, 4, QUICK, THEIRS):
            pass


async def test_a_delivery_that_its_account_has_no_place_for_keeps_none_of_the_site(places: Places) -> None:
    async with AsyncExitStack() as stack:
        for number in range(4):
            await stack.enter_async_context(calls(places, 4, f"http://{number}.example"))
        for _ in range(4):
            await refused(places, QUICK)
        async with calls(places, 4, QUICK, THEIRS):
            pass


async def test_those_without_a_place_come_back_one_by_one(places: Places) -> None:
    async with calls(places, 4):
        turns = [await refused(places) for _ in range(5)]
    paces = {round(later - sooner, 9) for sooner, later in pairwise(turns)}
    assert paces == {round(turns[0], 9)}


async def test_the_longer_calls_take_the_later_the_others_come_back(places: Places, clock: Clock) -> None:
    async with calls(places, 4):
        at_first = await refused(places)
        clock.now += 12
        assert await refused(places) == 12 / 4 > at_first


async def test_what_calls_took_is_remembered_as_long_as_the_site_is_called(places: Places, clock: Clock) -> None:
    async with calls(places, 3):
        async with calls(places, 1):
            clock.now += 100
        clock.now -= 100  # as if those that are at work had only begun
        async with calls(places, 1):
            assert await refused(places) > 100 / 4 / 5


async def test_whoever_waits_longest_looks_in_again_within_the_horizon(places: Places, clock: Clock) -> None:
    async with calls(places, 4):
        clock.now += 15
        turns = [await refused(places) for _ in range(1000)]
    assert max(turns) <= HORIZON_SECONDS
    assert len(set(turns)) == HORIZON_SECONDS / (15 / 4)


async def test_a_few_wait_in_line_and_get_the_next_place(clock: Clock) -> None:
    places = Places(in_line=2, clock=clock)
    order: list[int] = []

    async def call(number: int) -> None:
        async with places.taken(SLOW, OURS):
            order.append(number)

    async with asyncio.TaskGroup() as group, calls(places, 4):
        waiting = [group.create_task(call(number)) for number in range(2)]
        await asyncio.wait(waiting, timeout=0)
        assert await refused(places) > 0
        assert order == []
    assert order == [0, 1]


async def test_nobody_waits_in_line_for_calls_that_take_long(clock: Clock) -> None:
    places = Places(clock=clock)
    async with calls(places, 4):
        clock.now += 60
        await refused(places)


async def test_waiting_in_line_has_an_end(clock: Clock) -> None:
    places = Places(in_line_seconds=0.01 + 0.25, clock=clock)
    async with calls(places, 4):
        assert await refused(places) > 0


async def test_what_is_not_called_any_more_is_forgotten(places: Places) -> None:
    async with calls(places, 4):
        await refused(places)
        assert (len(places.sites), len(places.accounts)) == (1, 1)
    assert (len(places.sites), len(places.accounts)) == (0, 0)
