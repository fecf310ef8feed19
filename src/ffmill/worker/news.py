"""What is new of a running attempt, written down at most twice a second for those who follow it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from ffmill.db.pool import UNREACHABLE, Pool
from ffmill.jobs import attempts
from ffmill.jobs.model import Job, Output, Progress, Trail
from ffmill.worker.joblog import JobLog
from ffmill.worker.progress import ProgressReader

LOG = structlog.stdlib.get_logger()
WRITE_SECONDS = 0.5


class News:
    """How far an attempt is, the last lines of its log, and its outputs as they are stored."""

    def __init__(self, pool: Pool, job: Job, reader: ProgressReader, log: JobLog) -> None:
        self._pool = pool
        self._job = job
        self._reader = reader
        self._log = log
        self._kept: list[Output] = []
        self._told = Progress()
        self._left: tuple[int, int] = (0, 0)  # lines and outputs that were told
        self._begun = False

    def kept(self, output: Output) -> None:
        """Takes word of an output that is in the store."""
        self._kept.append(output)

    async def run(self) -> None:
        """Writes the news down until cancelled; an attempt that ends before costs no write."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            try:
                await self.step()
            except UNREACHABLE as error:  # news may be lost, the job may not
                LOG.warning("progress was not written", error=str(error).strip())
            except Exception:  # all that follows would be missing in silence
                LOG.exception("progress was not written")

    async def step(self) -> None:
        """Writes down what has changed, if anything has; the log and the outputs only where they have."""
        news, left = self._reader.news, (self._log.lines, len(self._kept))
        if (news, left) == (self._told, self._left):
            return
        changed = left != self._left or not self._begun  # the row may still hold what an attempt before left
        trail = Trail(log_lines=left[0], log_tail=self._log.newest(), outputs=tuple(self._kept)) if changed else None
        async with self._pool.connection() as connection:
            await attempts.report(connection, self._job, news, trail)
        self._told, self._left, self._begun = news, left, True


@asynccontextmanager
async def reporting(pool: Pool, job: Job, reader: ProgressReader, log: JobLog) -> AsyncGenerator[News]:
    """The attempt's news, written down until left."""
    news = News(pool, job, reader, log)
    reporter = asyncio.create_task(news.run())
    try:
        yield news
    finally:
        reporter.cancel()
        await asyncio.wait([reporter])
