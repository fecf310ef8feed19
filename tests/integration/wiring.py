"""The parts of a worker, wired as its process wires them, with one slot and no cage."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import aiohttp

from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.net.session import open_session
from ffmill.queue.engine import Queue
from ffmill.sandbox.sandbox import Sandbox
from ffmill.store.store import open_store
from ffmill.worker import recovery
from ffmill.worker.attempt import Attempts, Identity
from ffmill.worker.inputs import Sources
from ffmill.worker.registry import Registration
from ffmill.worker.slots import Slots


@dataclass(frozen=True, kw_only=True)
class Wired:
    """What there is of a worker."""

    id: UUID
    queue: Queue
    session: aiohttp.ClientSession
    attempts: Attempts


@asynccontextmanager
async def wired(settings: Settings, pool: Pool) -> AsyncGenerator[Wired]:
    """A worker for the machine `cpu`, whose inputs have 1 MiB at most; the settings must have `sandbox="off"`."""
    queue, store = Queue(), open_store(settings)
    await queue.open(pool)
    async with Sandbox.open(settings, 1) as sandbox, Slots(sandbox, 1) as slots, open_session(settings) as session:
        worker = await recovery.enlist(pool, queue, settings, Registration(name="w", machine="cpu", concurrency=1))
        attempts = Attempts(
            settings,
            Identity(worker=worker, machine="cpu"),
            pool=pool,
            queue=queue,
            store=store,
            sandbox=sandbox,
            slots=slots,
            sources=Sources(session, store, limit_bytes=1 << 20),
        )
        yield Wired(id=worker, queue=queue, session=session, attempts=attempts)
