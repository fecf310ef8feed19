"""One attempt at a job, from claim to finish."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from psycopg.errors import ForeignKeyViolation

from ffmill import tracing
from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.errors import AttemptFailed, Refusal
from ffmill.ffmpeg.build import Build
from ffmill.jobs import attempts, command, rules
from ffmill.jobs.attempts import Claim
from ffmill.jobs.command import Resolved
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job, Result, Status
from ffmill.jobs.tickets import Tickets
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.store.store import Store
from ffmill.worker import failures, outputs, recovery
from ffmill.worker.budget import Budget
from ffmill.worker.commands import Commands
from ffmill.worker.ends import Ends
from ffmill.worker.inputs import Sources
from ffmill.worker.joblog import JobLog
from ffmill.worker.meter import Meter
from ffmill.worker.news import News, reporting
from ffmill.worker.progress import ProgressReader
from ffmill.worker.slots import Slot, Slots

LOG = structlog.stdlib.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who claims: a registered worker and its pool."""

    worker: UUID
    machine: str


class Revoked(Exception):
    """The job is no longer this attempt's."""


class Attempts:
    """Spends tickets on jobs; every write is guarded by the attempt, so a worker thought dead changes nothing."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        *,
        pool: Pool,
        queue: Tickets,
        store: Store,
        sandbox: Sandbox,
        slots: Slots,
        sources: Sources,
        build: Build | None = None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._pool = pool
        self._queue = queue
        self._store = store
        self._ends = Ends(settings, pool=pool, queue=queue, store=store)
        self._sandbox = sandbox
        self._slots = slots
        self._sources = sources
        self._build = build  # the FFmpeg that it runs
        self._limits = Limits.of(settings)
        self._scopes: dict[tuple[UUID, int], asyncio.Timeout] = {}
        self._tickets: set[int] = set()
        self._revoked: set[tuple[UUID, int]] = set()

    async def work(self, ticket: int) -> None:
        """Claims the next job of the pool and brings it to its end; does nothing when there is none."""
        self._tickets.add(ticket)  # before the claim, until after the end: see `forgotten`
        try:
            await self._work(ticket)
        finally:
            self._tickets.discard(ticket)

    async def _work(self, ticket: int) -> None:
        began = tracing.now()
        try:
            async with self._pool.connection() as connection:
                claimed = await attempts.claim(
                    connection, machine=self._identity.machine, worker=self._identity.worker, ticket=ticket
                )
        except ForeignKeyViolation:
            LOG.warning("this worker was taken for dead and claims nothing")
            return
        if claimed is not None:
            job = claimed.job
            about = {"job_id": str(job.id), "attempt": job.attempt, "machine": job.machine}
            with (
                structlog.contextvars.bound_contextvars(job=str(job.id), attempt=job.attempt),
                tracing.follow("attempt", job.traceparent, began=began, **about),
            ):
                with tracing.span("claim", began=began):
                    pass  # it is over, but only now is it known of which trace it was a step
                await self._attempt(claimed)

    @property
    def at_work(self) -> set[tuple[UUID, int]]:
        """Job and attempt of all that runs."""
        return set(self._scopes)

    def forgotten(self, running: Mapping[tuple[UUID, int], int]) -> list[tuple[UUID, int]]:
        """Those of this worker's running attempts, given with their tickets, that nobody here is at work on.

        Such are left by a claim whose answer was lost with its connection, and by an end that could not be written.
        """
        return [key for key, ticket in running.items() if ticket not in self._tickets]

    def revoke(self, key: tuple[UUID, int]) -> None:
        """Stops an attempt whose job is no longer its own."""
        if (scope := self._scopes.get(key)) and not scope.expired():
            self._revoked.add(key)
            scope.reschedule(0)

    async def _attempt(self, claimed: Claim) -> None:
        job, log = claimed.job, JobLog()
        meter = Meter(job, Budget(self._settings.max_job_bytes))
        try:
            async with self._slots.take() as slot:
                try:
                    await self._finish(claimed, await self._result(claimed, slot, log, meter), meter)
                except asyncio.CancelledError:
                    # by a client, who has the row already, or by our own stop, which costs the job nothing, and leaves
                    # us little time: hence before the clean-up
                    await self._ends.hand_back(job, log.text(), meter.usage())
                    raise
        except Exception:
            LOG.exception("an attempt broke off")  # a fault of ours; the job runs again, some times
            tracing.current().fail("it broke off")
            await recovery.drop(self._pool, self._queue, self._settings, [(job.id, job.attempt)])

    async def _finish(self, claimed: Claim, result: Result, meter: Meter) -> None:
        span, used = tracing.current(), result.usage
        kept = sum(output.bytes for output in result.outputs)
        span.note(status=result.status.value, input_bytes=used.input_bytes, output_bytes=kept)
        if result.status is Status.FAILED:
            span.fail("the job failed")
        with meter.step("finish"):
            await self._ends.finish(claimed, result)

    async def _result(self, claimed: Claim, slot: Slot, log: JobLog, meter: Meter) -> Result:
        job, reader = claimed.job, ProgressReader(len(claimed.job.ffmpeg_commands))
        try:
            async with self._deadline(claimed), reporting(self._pool, job, reader, log) as news:
                outcome = await self._run(claimed, slot, log, reader, meter, news=news)
        except (AttemptFailed, Refusal) as error:  # a Refusal: the store's, or rules that have become stricter
            failure = await self._failure(error, job, meter.stage, reader.news.command_index)
            outcome = failures.result(failure, error.message)
        except TimeoutError:
            outcome = self._too_late(claimed, meter.stage)
        except Revoked:
            outcome = Result(status=Status.CANCELLED)  # changes nothing: the row is no longer this attempt's
        except OSError as error:
            LOG.warning("the worker failed its job", error=repr(error))
            outcome = failures.result(failures.own_fault(error, meter.stage))
        return replace(
            outcome,
            total_input_bytes=meter.total_input_bytes,
            command_index=reader.news.command_index,
            log=log.text(),
            log_lines=log.lines,
            usage=meter.usage(),
            timings=meter.timings(),
        )

    async def _run(
        self, claimed: Claim, slot: Slot, log: JobLog, reader: ProgressReader, meter: Meter, *, news: News
    ) -> Result:
        job = claimed.job
        resolved = await self._resolve(job)
        workspace, _ = await slot.ready()
        async with AsyncExitStack() as open_inputs:
            with meter.step("fetch"):
                opening = self._sources.open(job, resolved.aliases, workspace, meter.budget, claimed.max_input_bytes)
                inputs = await open_inputs.enter_async_context(opening)
            meter.total_input_bytes = inputs.total_bytes
            reader.inputs(inputs.total_bytes)
            commands = Commands(self._sandbox, self._limits, slot, log, reader, meter=meter, program=job.program)
            await commands.run(resolved.argvs)
        with meter.step("keep"):
            kept = await outputs.keep(job, workspace, self._store, news.kept)
            return Result(status=Status.SUCCEEDED, outputs=kept)

    async def _failure(self, error: AttemptFailed | Refusal, job: Job, at: Stage, index: int) -> Failure:
        """In a thread where the commands are so long that other jobs would feel it."""
        if command.is_long(job.ffmpeg_commands):
            return await asyncio.to_thread(failures.of, error, job, at, index, self._build)
        return failures.of(error, job, at, index, self._build)

    async def _resolve(self, job: Job) -> Resolved:
        """In a thread where it takes so long that other jobs would feel it."""
        if command.is_long(job.ffmpeg_commands):
            return await asyncio.to_thread(rules.resolve, job)
        return rules.resolve(job)

    @asynccontextmanager
    async def _deadline(self, claimed: Claim) -> AsyncGenerator[None]:
        """Ends the attempt at its time limit or its waiting client's by TimeoutError, when it is revoked by Revoked."""
        seconds = min(claimed.job.timeout_seconds, claimed.wait_seconds or float("inf"))
        key = (claimed.job.id, claimed.job.attempt)
        try:
            async with asyncio.timeout(seconds) as scope:
                self._scopes[key] = scope
                yield
        except TimeoutError as error:
            if key in self._revoked:
                raise Revoked from error
            raise
        finally:
            self._scopes.pop(key, None)
            self._revoked.discard(key)

    def _too_late(self, claimed: Claim, at: Stage) -> Result:
        limit = claimed.job.timeout_seconds
        if claimed.wait_seconds is not None and claimed.wait_seconds < limit:
            return Result(status=Status.CANCELLED, warnings=(recovery.wait_warning(self._settings),))
        return failures.result(failures.too_late(limit, at))
