"""A worker process: wires its parts, serves its pool until it is told to stop, and drains."""

import asyncio
import os
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from secrets import token_hex

import structlog
import uvloop

from ffmill import tracing
from ffmill.config import Settings
from ffmill.db.embedded import database_url
from ffmill.db.pool import Pool, open_pool
from ffmill.errors import CannotStart, FfmillError
from ffmill.ffmpeg import builds
from ffmill.net.session import open_session
from ffmill.queue.engine import WEBHOOKS, Queue, Tasks
from ffmill.retention.expiry import Expiry
from ffmill.sandbox import gpu
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.store.keyring import Keyring, following
from ffmill.store.signing import Signer
from ffmill.store.signing_keys import load_or_create
from ffmill.store.store import open_store
from ffmill.worker import recovery, registry
from ffmill.worker.attempt import Attempts, Identity
from ffmill.worker.deliveries import Deliveries
from ffmill.worker.heart import Heart
from ffmill.worker.inputs import Sources
from ffmill.worker.registry import Registration
from ffmill.worker.slots import Slots

LOG = structlog.stdlib.get_logger()
DELIVERIES = 64  # at once
HANG_SECONDS = 5.0


def run(settings: Settings, *, machine: str, name: str | None = None) -> None:
    """Works until SIGTERM or SIGINT. `name` is the worker's own as long as it lives; a stable one takes back at once
    what its predecessor of that name left behind.

    Raises CannotStart.
    """
    uvloop.run(_work(settings, machine, name or f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"))


async def _work(settings: Settings, machine: str, name: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # the cage comes first: it may move the process into a mount namespace, which must precede every thread
    async with (
        Sandbox.open(settings, settings.slots, gpu=gpu.of_host() if gpu.serves(machine) else None) as sandbox,
        tracing.exporting(settings, f"worker-{machine}"),
        open_pool(database_url(settings), min_size=2, max_size=settings.slots + 6) as pool,
        Slots(sandbox, settings.slots) as slots,
    ):
        await _serve(settings, machine, name, stop, sandbox=sandbox, pool=pool, slots=slots)


async def _serve(
    settings: Settings, machine: str, name: str, stop: asyncio.Event, *, sandbox: Sandbox, pool: Pool, slots: Slots
) -> None:
    store = open_store(settings)
    async with pool.connection() as connection:
        signer = Signer(await load_or_create(connection), settings.effective_public_url)
    queue = Queue()
    await queue.open(pool)
    build = await builds.ensure(pool, sandbox, Limits.of(settings))
    async with open_session(settings) as session, following(Keyring(signer, pool)):
        newcomer = Registration(
            name=name,
            machine=machine,
            concurrency=settings.slots,
            ffmpeg_version=sandbox.ffmpeg_version,
            sandbox=sandbox.level,
            ffmpeg_build=build.id,
        )
        worker = await recovery.enlist(pool, queue, settings, newcomer)
        sources = Sources(session, store, limit_bytes=settings.max_input_bytes)
        work = Attempts(
            settings,
            Identity(worker=worker, machine=machine),
            pool=pool,
            queue=queue,
            store=store,
            sandbox=sandbox,
            slots=slots,
            sources=sources,
            build=build,
        )
        deliveries = Deliveries(settings, pool=pool, session=session, signer=signer)
        expiry = Expiry(settings, pool, store)
        tasks = Tasks(work=work.work, deliver=deliveries.deliver, expire=expiry.run)
        LOG.info("worker is ready", name=name, machine=machine, slots=settings.slots, sandbox=sandbox.level)
        heart = Heart(settings, worker, work, pool=pool, queue=queue)
        await _until(stop, settings, machine, queue=queue, tasks=tasks, heart=heart)
        async with pool.connection() as connection:
            await registry.remove(connection, [worker])


async def _until(
    stop: asyncio.Event, settings: Settings, machine: str, *, queue: Queue, tasks: Tasks, heart: Heart
) -> None:
    """Serves the pool and the webhooks; after `stop`, drains them while the heart still beats.

    Raises CannotStart when the worker was taken for dead or is cut off.
    """

    async def serve(name: str, concurrency: int) -> None:
        try:
            await queue.work(
                name,
                tasks,
                concurrency=concurrency,
                drain_seconds=settings.drain_seconds,
                silent_seconds=settings.worker_lost_seconds,
            )
        except Exception as error:
            if not stop.is_set():
                raise
            LOG.warning("the engine did not stop in order", queue=name, error=repr(error))  # the other drains on

    with _one_reason():
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(_beat(heart))
            slots = {machine: settings.slots, WEBHOOKS: DELIVERIES}
            serving = [group.create_task(serve(queue, at_once)) for queue, at_once in slots.items()]
            await stop.wait()
            heart.drain()
            for task in serving:
                task.cancel()
            await asyncio.wait(serving)
            beating.cancel()


@contextmanager
def _one_reason() -> Generator[None]:
    """Raises our own error alone out of a group: the others' follow from it, as all that is cut off fails."""
    try:
        yield
    except ExceptionGroup as failures:
        if reasons := failures.subgroup(FfmillError):
            raise reasons.exceptions[0] from failures
        raise


async def _beat(heart: Heart) -> None:
    """A worker that must end may hang in what made it so, as in a server that does not answer, or drain for long,
    while its jobs run elsewhere already: then it is ended, and the cages with it."""
    try:
        await heart.run()
    except CannotStart as reason:
        LOG.error("this worker ends", reason=reason.message)  # noqa: TRY400 - no fault of ours
        asyncio.get_running_loop().call_later(HANG_SECONDS, os._exit, 1)
        raise
