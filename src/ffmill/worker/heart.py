"""The beat of a worker: it says that it lives, stops what is no longer its own, and mends what others left behind."""

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from ffmill.config import Settings
from ffmill.db.pool import UNREACHABLE, Pool
from ffmill.errors import CannotStart
from ffmill.jobs import attempts
from ffmill.queue.engine import BEATS, Queue
from ffmill.worker import recovery, registry
from ffmill.worker.attempt import Attempts

LOG = structlog.stdlib.get_logger()
DRAINING_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 60
HOUSEKEEPING_SHARE = 0.8  # of the pause between beats: a lone worker keeps house at each of its own


class Heart:
    """Beats until cancelled; ends the process when the database has not heard it for too long."""

    def __init__(self, settings: Settings, worker: UUID, work: Attempts, *, pool: Pool, queue: Queue) -> None:
        self._settings = settings
        self._worker = worker
        self._work = work
        self._pool = pool
        self._queue = queue
        self._draining = asyncio.Event()

    async def run(self) -> None:
        """Beats at an even pace; raises CannotStart when the worker has been taken for dead or is cut off."""
        loop, lost = asyncio.get_running_loop(), self._settings.worker_lost_seconds
        heard = loop.time()
        while True:
            try:
                async with asyncio.timeout(lost / 2):
                    await self.step()
                heard = loop.time()
            except (*UNREACHABLE, TimeoutError) as error:
                LOG.warning("the database did not hear this worker", error=str(error).strip())
                if loop.time() - heard > lost:
                    raise CannotStart(f"the database has not answered for {lost} s") from error
            await self._keep_house()
            await self._pause()

    def drain(self) -> None:
        """Beats every second from now on: the engine, when it drains, no longer tells what is cancelled."""
        self._draining.set()

    async def step(self) -> None:
        """One beat; raises CannotStart when the worker was taken for dead."""
        held = self._work.at_work  # before the rows are read: what is claimed meanwhile is not among them
        async with self._pool.connection() as connection:
            if not await registry.beat(connection, self._worker):
                raise CannotStart("this worker was taken for dead, its jobs were given to others")
            mine = await attempts.running(connection, self._worker)
        forgotten = self._work.forgotten(mine)
        for key in held - mine.keys():
            self._work.revoke(key)
        await recovery.drop(self._pool, self._queue, self._settings, forgotten)
        await self._queue.take_back()

    async def _keep_house(self) -> None:
        """What one worker at a time does for all of them; it may fail, and the next one makes up for it."""
        try:
            async with asyncio.timeout(HOUSEKEEPING_SECONDS):
                if await recovery.is_due(self._pool, HOUSEKEEPING_SHARE * self._pace):
                    await recovery.keep_house(self._pool, self._queue, self._settings)
        except (*UNREACHABLE, TimeoutError) as error:
            LOG.warning("the housekeeping broke off", error=str(error).strip())

    @property
    def _pace(self) -> float:
        """Seconds from beat to beat."""
        return self._settings.worker_lost_seconds / BEATS

    async def _pause(self) -> None:
        if self._draining.is_set():
            await asyncio.sleep(min(self._pace, DRAINING_SECONDS))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace):
                await self._draining.wait()
