"""The job engine: Procrastinate on our own pool, its tasks, and what is asked of it inside our transactions."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job, Status

from ffmill.db.pool import UNREACHABLE, Connection, Pool, configure
from ffmill.errors import FfmillError
from ffmill.queue.outages import NoSuchTask, PatientManager, reaching
from ffmill.webhooks import repository as deliveries

LOG = structlog.stdlib.get_logger()

WEBHOOKS = "webhooks"
TICKET = "ticket"
DELIVERY = "delivery"
HOUSEKEEPING = "housekeeping"  # the queue, and its one task, of which one is at work at a time
EVERY_5_MINUTES = "*/5 * * * *"
BEATS = 10  # in the time after which a silent worker is taken for dead
AT_ONCE = datetime.fromtimestamp(0, UTC)  # due by whatever clock
BEHIND = -1  # priority of a delivery that has been put off: those that are new come first, and need not look past it
FAULT_SECONDS = 300
PARTS = "parts"  # where a worker's tasks find what they call


# The engine's own function; by its Python, a thousand tickets take 60 ms.
ISSUE = """
SELECT procrastinate_defer_jobs_v1(ARRAY(
    SELECT ROW(%(queue)s, %(task)s, 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1
    FROM generate_series(1, %(count)s)
))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tasks:
    """What a worker does for a task: each a function of another room."""

    work: Callable[[int], Awaitable[None]]  # spends a ticket, by its id, on a job of the pool
    deliver: Callable[[UUID, int], Awaitable[None]]  # makes a delivery, by its id, in one of its rounds
    expire: Callable[[], Awaitable[None]]  # deletes what is due; one that breaks off is made up for by the next


class NotYet(Exception):
    """A delivery is to be taken up again later."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at  # by the database's clock


class Unfinished(BaseRetryStrategy):
    """A delivery that is not finished is taken up again, whatever broke it off: its record says when there is no more
    to do."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """At the time that it gives; at once after our own stop or an outage; after a fault of ours in a while."""
        if isinstance(exception, NotYet):
            return RetryDecision(retry_at=exception.at, priority=BEHIND)
        if isinstance(exception, (CancelledError, *UNREACHABLE)):
            return RetryDecision(retry_at=AT_ONCE)
        LOG.error("a delivery broke off by a fault of ours", task=job.task_kwargs, exc_info=exception)
        return RetryDecision(retry_in={"seconds": FAULT_SECONDS}, priority=BEHIND)


class EngineStopped(FfmillError):
    """The engine has stopped by itself: its worker must end, to be started again."""


async def _ticket(context: JobContext) -> None:
    assert context.job.id is not None  # noqa: S101 - a fetched task has its id
    await _tasks(context).work(context.job.id)


async def _delivery(context: JobContext, *, delivery_id: str, round: int) -> None:  # noqa: A002 - a column's name
    await _tasks(context).deliver(UUID(delivery_id), round)


async def _expiry(context: JobContext, timestamp: int) -> None:
    del timestamp  # of the round
    await _tasks(context).expire()


def _tasks(context: JobContext) -> Tasks:
    return context.additional_context[PARTS]  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]  # an untyped dict of the engine's


class Queue:
    """The engine's queues: one for each pool, whose tasks are tickets for the pool, one for webhooks, and one for
    housekeeping, which is served along with them."""

    def __init__(self) -> None:
        self.app = App(connector=PsycopgConnector(configure=configure))  # for its own connections, which listen
        self._manager = self.app.job_manager = PatientManager(self.app.connector)
        self.app.task(name=TICKET, pass_context=True)(_ticket)
        self.app.task(name=DELIVERY, pass_context=True, retry=Unfinished())(_delivery)
        housekeeping = self.app.task(
            name=HOUSEKEEPING,
            queue=HOUSEKEEPING,
            pass_context=True,
            lock=HOUSEKEEPING,
            queueing_lock=HOUSEKEEPING,
        )(_expiry)
        self.app.periodic(cron=EVERY_5_MINUTES)(housekeeping)

    async def open(self, pool: Pool) -> None:
        """Puts the engine onto our pool; the pool's owner closes it."""
        await self.app.open_async(pool)

    async def issue(self, connection: Connection, machine: str, count: int = 1) -> None:
        """Issues tickets for a pool, in the caller's transaction."""
        await connection.execute(ISSUE, {"queue": machine, "task": TICKET, "count": count})

    async def abort(self, connection: Connection, ticket: int) -> None:
        """Asks the engine to cancel what a running ticket is spent on, when the transaction commits."""
        with reaching():
            await self.app.job_manager.cancel_job_by_id_async(ticket, abort=True, connection=connection)

    async def enqueue_delivery(self, connection: Connection, job_id: UUID) -> None:
        """Records the delivery of a job's end to its webhook, and enqueues it, in the caller's transaction; once."""
        await deliveries.record(connection, job_id, queue=WEBHOOKS, task=DELIVERY)

    async def redeliver(self, connection: Connection, delivery_id: UUID, account_id: UUID) -> bool:
        """Begins the account's delivery again, in the caller's transaction; whether there is such a one."""
        return await deliveries.begin_again(connection, delivery_id, account_id, queue=WEBHOOKS, task=DELIVERY)

    async def mend(self, silent_seconds: float) -> None:
        """Takes tasks back from processes of the engine that died: deliveries run again, tickets are dropped.

        A dropped ticket is no loss: whoever calls this counts tickets against queued jobs next. Nor is a round of
        housekeeping; it must not be queued again, since the next one may be in the queue, which takes but one.
        """
        with reaching():
            stalled = await self._manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds)
        for task in stalled:
            assert task.id is not None  # noqa: S101 - a fetched task has its id
            await self._give_back(task.id, task.task_name)

    async def take_back(self) -> None:
        """The same for tasks of this process that nobody here is at work on; to be called again and again."""
        for task, name in await self._manager.forgotten():
            LOG.warning("a task was not at work", task=task, name=name)
            await self._give_back(task, name)

    async def _give_back(self, task: int, name: str) -> None:
        with suppress(NoSuchTask), reaching():  # another worker may mend at the same time
            if name in (TICKET, HOUSEKEEPING):
                await self._manager.finish_job_by_id_async(task, Status.ABORTED, delete_job=True)
            else:
                await self._manager.retry_job_by_id_async(task, retry_at=AT_ONCE)

    async def work(
        self, name: str, tasks: Tasks, *, concurrency: int, drain_seconds: float, silent_seconds: float
    ) -> None:
        """Serves a queue until cancelled; then lets tasks end for `drain_seconds` and cancels the rest.

        Silent for `silent_seconds`, it is taken for dead by others. Raises EngineStopped.
        """
        # the engine forgets a notification that arrives while it fetches: look again before it is felt. A webhook may
        # wait a little, and a thousand workers should not ask more often than they must.
        look_seconds = 2.0 if name == WEBHOOKS else 0.5
        options: dict[str, Any] = {
            "queues": [WEBHOOKS, HOUSEKEEPING] if name == WEBHOOKS else [name],
            "concurrency": concurrency,
            "additional_context": {PARTS: tasks},
            "delete_jobs": "always",
            "install_signal_handlers": False,
            "shutdown_graceful_timeout": drain_seconds,
            "fetch_job_polling_interval": look_seconds,
            "abort_job_polling_interval": 2 * look_seconds,
            "update_heartbeat_interval": silent_seconds / BEATS,
            "stalled_worker_timeout": silent_seconds,
        }
        await self.app.run_worker_async(**options)
        raise EngineStopped("the job engine has stopped by itself")
