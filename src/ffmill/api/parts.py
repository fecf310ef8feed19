"""What the API is made of: built in one place, handed to every route."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from ffmill.accounts.callers import Rates
from ffmill.api.aside import aside
from ffmill.checking.checking import Checking
from ffmill.config import Settings
from ffmill.db.embedded import database_url
from ffmill.db.pool import Pool, open_pool
from ffmill.events.feed import Feed
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job
from ffmill.jobs.service import Jobs
from ffmill.jobs.view import OUTPUT_URL_SECONDS, job_object
from ffmill.metrics.metrics import Metrics, begin
from ffmill.metrics.watchers import Watchers
from ffmill.queue.engine import Queue
from ffmill.store.keyring import Keyring, following
from ffmill.store.own_files import OwnFiles
from ffmill.store.signing import Signer
from ffmill.store.signing_keys import load_or_create
from ffmill.store.store import Store, open_store

POOL_SIZE = 10
USE_SECONDS = 12.0  # of the database by one step of a request
SIGNED_AT_ONCE = 500  # URLs: some milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The parts of a running API."""

    settings: Settings
    pool: Pool
    store: Store
    signer: Signer
    keyring: Keyring  # keeps the signer's keys up to date
    queue: Queue
    jobs: Jobs
    own_files: OwnFiles
    checking: Checking
    feed: Feed  # what event streams look at
    metrics: Metrics
    watchers: Watchers = field(default_factory=Watchers)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set when the server is told to stop

    @property
    def rates(self) -> Rates:
        """Requests a second of those whose terms name none."""
        return Rates(usual=self.settings.rate_limit, paid=self.settings.rate_limit_paid)

    async def view(self, job: Job) -> dict[str, Any]:
        """The job object, its URLs freshly signed."""
        return (await self.views([job]))[0]

    async def views(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        """The same of several."""

        def make() -> list[dict[str, Any]]:
            return [job_object(job, self._sign) for job in jobs]

        return make() if sum(len(job.outputs) for job in jobs) <= SIGNED_AT_ONCE else await aside(make)

    def _sign(self, key: str) -> str:
        return self.signer.sign("GET", key, OUTPUT_URL_SECONDS)


def parts_of(request: Request) -> Parts:
    """The parts of the API that got this request."""
    return request.app.state.parts


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncGenerator[Parts]:
    """Connects to database and store, and listens for the ends of jobs until left.

    Raises CannotStart when the database cannot be reached.
    """
    url = database_url(settings)
    async with open_pool(url, max_size=POOL_SIZE, use_seconds=USE_SECONDS) as pool:
        async with pool.connection() as connection:
            signer = Signer(await load_or_create(connection), settings.effective_public_url)
        keyring = Keyring(signer, pool)
        queue, endings, own_files = Queue(), Endings(url), OwnFiles(keyring, pool)
        await queue.open(pool)
        feed = Feed(pool, endings, settings.worker_lost_seconds)
        async with _running(endings.run(), feed.run()), following(keyring):
            yield Parts(
                settings=settings,
                pool=pool,
                store=open_store(settings),
                signer=signer,
                keyring=keyring,
                queue=queue,
                jobs=Jobs(settings, pool, queue, own_files, endings),
                own_files=own_files,
                feed=feed,
                checking=Checking(settings, pool, own_files),
                metrics=await begin(pool, settings.machines, settings.worker_lost_seconds),
            )


@asynccontextmanager
async def _running(*runners: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(runner) for runner in runners]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
