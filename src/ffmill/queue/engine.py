"""The job engine: Procrastinate on our own pool, its tasks, and what is asked of it inside our transactions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.jobs import Status
from procrastinate.types import JSONValue

from ffmill.db.pool import Connection, Pool

WEBHOOKS = "webhooks"
TICKET = "ticket"
PARTS = "parts"  # where a worker's tasks find what they call


@dataclass(frozen=True, kw_only=True, slots=True)
class Tasks:
    """What a worker does for a task: each a function of another room."""

    work: Callable[[int], Awaitable[None]]  # spends a ticket, by its id, on a job of the pool
    deliver: Callable[[UUID], Awaitable[None]]  # calls the webhook of a job


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
        self.app = App(connector=PsycopgConnector())
        self._ticket = self.app.task(name=TICKET, pass_context=True)(_ticket)
        self._delivery = self.app.task(name="delivery", queue=WEBHOOKS, pass_context=True)(_delivery)

    async def open(self, pool: Pool) -> None:
        """Puts the engine onto our pool; the pool's owner closes it."""
        await self.app.open_async(pool)

    async def issue(self, connection: Connection, machine: str, count: int = 1) -> None:
        """Issues tickets for a pool, in the caller's transaction."""
        ticket = self._ticket.configure(queue=machine, connection=connection)
        await ticket.batch_defer_async(*(dict[str, JSONValue]() for _ in range(count)))

    async def abort(self, connection: Connection, ticket: int) -> None:
        """Asks the engine to cancel what a running ticket is spent on, when the transaction commits."""
        await self.app.job_manager.cancel_job_by_id_async(ticket, abort=True, connection=connection)

    async def enqueue_delivery(self, connection: Connection, job_id: UUID) -> None:
        """Enqueues the call of a job's webhook, in the caller's transaction."""
        await self._delivery.configure(connection=connection).defer_async(job_id=str(job_id))

    async def mend(self, silent_seconds: float) -> None:
        """Takes tasks back from processes of the engine that died: deliveries run again, tickets are dropped.

        A dropped ticket is no loss: whoever calls this counts tickets against queued jobs next.
        """
        manager = self.app.job_manager
        for task in await manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds):
            if task.task_name == TICKET:
                await manager.finish_job(task, Status.ABORTED, delete_job=True)
            else:
                await manager.retry_job(task)

    async def work(self, queues: list[str], tasks: Tasks, *, concurrency: int, drain_seconds: float) -> None:
        """Serves queues until cancelled; then lets tasks end for `drain_seconds` and cancels the rest."""
        options: dict[str, Any] = {
            "queues": queues,
            "concurrency": concurrency,
            "additional_context": {PARTS: tasks},
            "delete_jobs": "always",
            "install_signal_handlers": False,
            "shutdown_graceful_timeout": drain_seconds,
            # the engine forgets a notification that arrives while it fetches: look again before it is felt
            "fetch_job_polling_interval": 0.5,
            "abort_job_polling_interval": 1.0,
        }
        await self.app.run_worker_async(**options)
