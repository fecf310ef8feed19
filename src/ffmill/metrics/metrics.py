"""The metrics of an API process: what it has counted itself, and what it reads of the installation when it is asked."""

import asyncio
from collections.abc import Sequence

import structlog
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from ffmill.db.pool import UNREACHABLE, Pool, cut_after
from ffmill.metrics import ledger, present
from ffmill.metrics.instruments import Instruments
from ffmill.metrics.ledger import Ledger
from ffmill.metrics.present import PresentCollector

LOG = structlog.stdlib.get_logger()

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All metrics of one API process, as text for Prometheus."""

    def __init__(self, pool: Pool, machines: Sequence[str], silent_seconds: float, *, since: int) -> None:
        """Attempts count from the transaction `since` on."""
        self._pool = pool
        self._machines = machines
        self._silent_seconds = silent_seconds
        self._instruments = Instruments(machines)
        self._ledger = Ledger(self._instruments, since)
        self._present = PresentCollector()
        self._instruments.registry.register(self._present)
        self._reading = asyncio.Lock()
        self._reads = 0

    async def scrape(self) -> bytes:
        """All that is known now, after a look into the database of some seconds at most.

        Who asks while another one's look is under way gets what that finds.
        """
        before = self._reads
        async with self._reading:
            if self._reads == before:
                await self._read()
                self._reads += 1
            return await asyncio.to_thread(generate_latest, self._instruments.registry)

    async def without_database(self) -> bytes:
        """What is known without a look into the database, which cannot be reached."""
        async with self._reading:
            self._present.present = None
            return await asyncio.to_thread(generate_latest, self._instruments.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request to this process; `route` is a template, never a path as sent."""
        known = method if method in METHODS else "other"
        self._instruments.request_seconds.labels(known, route, status).observe(seconds)

    async def _read(self) -> None:
        self._present.present = None
        try:
            async with self._pool.connection(CONNECT_SECONDS) as connection:
                with cut_after(connection, READ_SECONDS):
                    found = await present.read(connection, self._machines, self._silent_seconds)
                    await self._ledger.catch_up(connection)
            self._present.present = found
        except UNREACHABLE as error:
            LOG.warning("metrics are told without the database", error=str(error).strip())


async def begin(pool: Pool, machines: Sequence[str], silent_seconds: float) -> Metrics:
    """Metrics that count from now on.

    Of `machines` they tell though these have no jobs; a worker that is silent for `silent_seconds` is none.
    """
    async with pool.connection() as connection:
        since = await ledger.horizon(connection)
    return Metrics(pool, machines, silent_seconds, since=since)
