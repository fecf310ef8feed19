"""The beat of a worker: it says that it lives, stops what is no longer its own, and mends what others left behind."""

import asyncio
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
HOUSEKEEPING_SHARE = 0.8  # of the pause between beats: a lone worker keeps house at each of its own


class Heart:
    """Beats until cancelled; ends the process when the database has not heard it for too long."""

    def __init__(self, settings: Settings, worker: UUID, work: Attempts, *, pool: Pool, queue: Queue) -> None:
        self._settings = settings
        self._worker = worker
        self._work = work
        self._pool = pool
        self._queue = queue

    @property
    def pause(self) -> float:
        """Seconds from beat to beat."""
        return self._settings.worker_lost_seconds / BEATS

    async def run(self) -> None:
        """Steps at an even pace; raises CannotStart when the worker has been taken for dead or is cut off."""
        lost = self._settings.worker_lost_seconds
        loop = asyncio.get_running_loop()
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
            await asyncio.sleep(self.pause)

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
        if await recovery.is_due(self._pool, HOUSEKEEPING_SHARE * self.pause):
            await self.keep_house()

    async def keep_house(self) -> None:
        """What is done for all workers, by one of them at a time."""
        await recovery.bury_silent(self._pool, self._queue, self._settings)
        await recovery.cancel_overdue(self._pool, self._queue, self._settings)
        await self._queue.mend(self._settings.worker_lost_seconds)
        await recovery.top_up_tickets(self._pool, self._queue)
        await recovery.tidy(self._pool)
