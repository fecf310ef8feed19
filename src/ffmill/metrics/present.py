"""The installation at this moment: what is queued, who works, what is still to be delivered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ffmill.db.pool import Connection

# Index jobs_queued, which holds all of it.
QUEUED = """
SELECT machine, count(*), greatest(extract(epoch FROM now() - min(queued_at)), 0)::double precision
FROM jobs WHERE status = 'queued' GROUP BY machine
"""
# Index jobs_at_work.
RUNNING = "SELECT machine, count(*) FROM jobs WHERE status = 'running' GROUP BY machine"
# Index jobs_running, for each worker.
WORKERS = """
SELECT machine, count(*), sum(concurrency)::integer,
       sum((SELECT count(*) FROM jobs WHERE jobs.worker = workers.id AND status = 'running'))::integer
FROM workers WHERE heartbeat_at >= now() - make_interval(secs => %s) GROUP BY machine
"""
# Index deliveries_pending.
PENDING = "SELECT count(*) FROM deliveries WHERE state = 'pending'"

FAMILIES = {
    "ffmill_jobs": "Jobs that are queued or running.",
    "ffmill_queue_depth": "Jobs that are queued.",
    "ffmill_queue_age_seconds": "For how long the oldest of them has been queued.",
    "ffmill_workers": "Workers that are live.",
    "ffmill_worker_slots": "Jobs that the live workers can have at work.",
    "ffmill_worker_slots_busy": "Jobs that the live workers have at work.",
    "ffmill_webhooks_pending": "Webhooks that are still to be called, or called again.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """A pool of workers, and the jobs for it."""

    queued: int = 0
    oldest_seconds: float = 0  # for how long the oldest of these has been queued
    running: int = 0
    workers: int = 0  # live
    slots: int = 0  # jobs at once, of these
    busy: int = 0  # of the slots


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """What there is now."""

    pools: Mapping[str, Pool]  # by machine
    webhooks_pending: int


async def read(connection: Connection, machines: Sequence[str], silent_seconds: float) -> Present:
    """All pools, those named and those that have jobs or live workers: who was heard of within `silent_seconds`."""
    queued = await _by_machine(connection, QUEUED)
    running = await _by_machine(connection, RUNNING)
    workers = await _by_machine(connection, WORKERS, silent_seconds)
    ((pending,),) = await _rows(connection, PENDING)

    def pool(machine: str) -> Pool:
        waiting, oldest = queued.get(machine, (0, 0))
        live, slots, busy = workers.get(machine, (0, 0, 0))
        (at_work,) = running.get(machine, (0,))
        return Pool(queued=waiting, oldest_seconds=oldest, running=at_work, workers=live, slots=slots, busy=busy)

    names = {*machines, *queued, *running, *workers}
    return Present(pools={name: pool(name) for name in sorted(names)}, webhooks_pending=pending)


async def _by_machine(connection: Connection, statement: str, *values: object) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in await _rows(connection, statement, *values)}


async def _rows(connection: Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(statement.encode(), values)).fetchall()


class PresentCollector(Collector):
    """Tells of the present that was read last; where none could be, there are the names without values."""

    def __init__(self) -> None:
        self.present: Present | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        families = {name: _family(name, words) for name, words in FAMILIES.items()}
        for machine, pool in self.present.pools.items() if self.present else ():
            families["ffmill_jobs"].add_metric((machine, "queued"), pool.queued)
            families["ffmill_jobs"].add_metric((machine, "running"), pool.running)
            families["ffmill_queue_depth"].add_metric((machine,), pool.queued)
            families["ffmill_queue_age_seconds"].add_metric((machine,), pool.oldest_seconds)
            families["ffmill_workers"].add_metric((machine,), pool.workers)
            families["ffmill_worker_slots"].add_metric((machine,), pool.slots)
            families["ffmill_worker_slots_busy"].add_metric((machine,), pool.busy)
        if self.present:
            families["ffmill_webhooks_pending"].add_metric((), self.present.webhooks_pending)
        yield from families.values()
        yield GaugeMetricFamily(
            "ffmill_up_database", "Whether the database could be read for this.", int(self.present is not None)
        )


def _family(name: str, words: str) -> GaugeMetricFamily:
    labels = {"ffmill_jobs": ("machine", "status"), "ffmill_webhooks_pending": ()}
    return GaugeMetricFamily(name, words, labels=labels.get(name, ("machine",)))
