"""The engine through an outage of the database: told apart from a bug, and no reason to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import structlog
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback
from psycopg.errors import RaiseException

from ffmill.db.pool import UNREACHABLE

LOG = structlog.stdlib.get_logger()
RETRY_SECONDS = 0.5
FINISH_TRIES = 60

# Index idx_procrastinate_jobs_worker_not_null, of the engine.
DOING = "SELECT id, task_name FROM procrastinate_jobs WHERE worker_id = ANY(%(workers)s) AND status = 'doing'"


class NoSuchTask(Exception):
    """The engine's task is gone, or another process has dealt with it."""


@contextmanager
def reaching() -> Generator[None]:
    """Raises what psycopg raised for an outage, and NoSuchTask: the engine gives all of them one name."""
    try:
        yield
    except ConnectorException as error:
        if isinstance(error.__cause__, UNREACHABLE):
            raise error.__cause__ from error
        if isinstance(error.__cause__, RaiseException):  # by the engine's own functions, which know no other error
            raise NoSuchTask from error
        raise


class PatientManager(JobManager):
    """The engine's way to the database, which outlives an outage.

    At its first error the engine would stop fetching and cancel, 3 s later, all that runs, though a command needs no
    database. What bounds the patience is the worker's heart: it ends the process when nobody has heard it for too long.
    A task whose fetch was answered to nobody, or whose end could not be written, is found by `forgotten`.
    """

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        self._workers = set[int]()  # of this process, by the engine's numbers
        self._held = set[int]()  # tasks that they have
        self._suspects = set[int]()  # that they had not, as it seemed at the last look

    async def register_worker(self) -> int:
        """Makes this process a worker of the engine, once more for each queue."""
        worker = await super().register_worker()
        self._workers.add(worker)
        return worker

    async def forgotten(self) -> list[tuple[int, str]]:
        """Tasks that are this process's, as the database sees it, and that nobody here is at work on: id and name.

        They seem so at two looks in a row: the answer to a fetch may still be on its way at the first.
        """
        with reaching():
            rows = await self.connector.execute_query_all_async(DOING, workers=list(self._workers))
        found = {row["id"]: row["task_name"] for row in rows if row["id"] not in self._held}
        lost = [(task, name) for task, name in found.items() if task in self._suspects]
        self._suspects = set(found)
        return lost

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next task; none while there is no database, which makes the engine ask again after a pause."""
        try:
            with reaching():
                job = await super().fetch_job(queues, worker_id)
        except UNREACHABLE as error:
            LOG.warning("no task can be fetched", error=str(error).strip())
            return None
        if job is not None and job.id is not None:
            self._held.add(job.id)
        return job

    async def defer_periodic_job(self, job: Job, periodic_id: str, defer_timestamp: int) -> int | None:
        """The task of a round; none while there is no database, and the next round makes up for it."""
        try:
            with reaching():
                return await super().defer_periodic_job(job, periodic_id, defer_timestamp)
        except UNREACHABLE as error:
            LOG.warning("a round of housekeeping was not queued", error=str(error).strip())
            return None

    async def update_heartbeat(self, worker_id: int) -> None:
        """One beat of the engine's own; the next one makes up for it."""
        try:
            with reaching():
                await super().update_heartbeat(worker_id)
        except UNREACHABLE as error:
            LOG.warning("the engine's heartbeat was not written", error=str(error).strip())

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listens until cancelled; after a broken connection, again."""
        while True:
            try:
                with reaching():
                    await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except UNREACHABLE as error:
                LOG.warning("listening for tasks broke off", error=str(error).strip())
            await asyncio.sleep(RETRY_SECONDS)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Ends a task, once there is a database."""
        await self._insisted(job, partial(super().finish_job, job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Gives a task back, once there is a database; otherwise it would stay with a worker that lives on."""
        await self._insisted(job, partial(super().retry_job, job, retry_at, priority, queue, lock))

    async def _insisted(self, job: Job, write: Callable[[], Awaitable[None]]) -> None:
        """Lets go of a task, once there is a database; a try whose answer was lost may have done it already.

        Not for ever, or a worker that is told to stop could not; what is still not written then is `forgotten`.
        """
        try:
            await _tried(write)
        finally:
            if job.id is not None:
                self._held.discard(job.id)


async def _tried(write: Callable[[], Awaitable[None]]) -> None:
    for _ in range(FINISH_TRIES):
        try:
            with reaching():
                return await write()
        except UNREACHABLE:
            await asyncio.sleep(RETRY_SECONDS)
        except NoSuchTask:
            return None
    return None
