"""The job engine: Procrastinate on our own pool, its tasks, and what is asked of it inside our transactions."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job, Status

from ffmill.db.pool import UNREACHABLE, Connection, Pool, configure
from ffmill.errors import FfmillError
from ffmill.queue.outages import NoSuchTask, PatientManager, reaching

WEBHOOKS = "webhooks"
TICKET = "ticket"
BEATS = 10  # in the time after which a silent worker is taken for dead
AT_ONCE = datetime.fromtimestamp(0, UTC)  # due by whatever clock
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
    deliver: Callable[[UUID], Awaitable[None]]  # calls the webhook of a job


class Interrupted(BaseRetryStrategy):
    """A delivery that was cut off by our own stop, or by an outage of the database, is made again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """At once, by whoever comes first."""
        del job
        return RetryDecision(retry_at=AT_ONCE) if isinstance(exception, (CancelledError, *UNREACHABLE)) else None


class EngineStopped(FfmillError):
    """The engine has stopped by itself: its worker must end, to be started again."""


async def _ticket(context: JobContext) -> None:
    assert context.job.id is not None  # noqa: S101 - a fetched task has its id
    await _tasks(context).work(context.job.id)


async def _delivery(context: JobContext, *, job_id: str) -> None:
    await _tasks(context).deliver(UUID(job_id))


def _tasks(context: JobContext) -> Tasks:
    return context.additional_context[PARTS]  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]  # an untyped dict of the engine's


class Queue:
    """The engine's queues: one for each pool, whose tasks are tickets for the pool, and one for webhooks."""

    def __init__(self) -> None:
        self.app = App(connector=PsycopgConnector(configure=configure))  # for its own connections, which listen
        self.app.job_manager = PatientManager(self.app.connector)
        self.app.task(name=TICKET, pass_context=True)(_ticket)
        self._delivery = self.app.task(name="delivery", queue=WEBHOOKS, pass_context=True, retry=Interrupted())(
            _delivery
        )

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
        """Enqueues the call of a job's webhook, in the caller's transaction."""
        with reaching():
            await self._delivery.configure(connection=connection).defer_async(job_id=str(job_id))

    async def mend(self, silent_seconds: float) -> None:
        """Takes tasks back from processes of the engine that died: deliveries run again, tickets are dropped.

        A dropped ticket is no loss: whoever calls this counts tickets against queued jobs next.
        """
        manager = self.app.job_manager
        with reaching():
            stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds)
        for task in stalled:
            with suppress(NoSuchTask), reaching():  # another worker may mend at the same time
                if task.task_name == TICKET:
                    await manager.finish_job(task, Status.ABORTED, delete_job=True)
                else:
                    await manager.retry_job(task, retry_at=AT_ONCE)

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
            "queues": [name],
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
