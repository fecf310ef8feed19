"""What ten million finished jobs cost: each access path on a small table and on a full one, medians and their ratio.

    python bench/scale.py [--jobs 10000000] [--small 100000] [--accounts 1000] [--rounds 40]

One account has a tenth of the jobs. Needs some 1 GB of disk for each million jobs.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import uvloop
from claims import COMMAND

from ffmill.accounts import managing
from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate
from ffmill.db.pool import Connection, open_pool
from ffmill.jobs import attempts, listing, repository
from ffmill.jobs.listing import Filter, Place
from ffmill.jobs.model import Result, Status
from ffmill.jobs.repository import Accepted
from ffmill.queue.engine import Queue
from ffmill.worker import recovery, registry
from ffmill.worker.registry import Registration

SLICE = 500_000
WARMING = 10  # rounds
SILENT = 30.0
FILL = """
INSERT INTO jobs (id, account_id, status, machine, input_files, output_files, ffmpeg_commands, timeout_seconds,
                  metadata, attempt, outputs, total_input_bytes, total_output_bytes, error_message,
                  created_at, queued_at, started_at, finished_at, updated_at)
SELECT gen_random_uuid(), CASE WHEN n %% 10 = 0 THEN %(big)s ELSE %(accounts)s[1 + n %% %(count)s] END,
       CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'succeeded' END, 'cpu',
       '{"in.mp4": "https://example.org/some/path/in.mp4"}', '["o.jpg"]',
       '["-ss 1 -i {{in.mp4}} -frames:v 1 {{o.jpg}}"]', 21600,
       CASE WHEN n %% 100 = 0 THEN jsonb_build_object('order', n::text) ELSE '{}' END, 1,
       '[{"name": "o.jpg", "key": "outputs/8a5c4d1e-7d0b-4c8e-9a37-0f7a5b1c2d3e/1/o.jpg", "bytes": 43210}]',
       1055736, 43210, CASE WHEN n %% 50 = 0 THEN 'ffmpeg exited with code 1' ELSE '' END, t.at, t.at, t.at, t.at, t.at
FROM generate_series(%(first)s, %(last)s) AS n,
     LATERAL (SELECT now() - (%(total)s - n) * interval '2 seconds' AS at) AS t
"""


@dataclass(kw_only=True)
class Bench:
    """An account with many jobs, and each thing that is done with them."""

    connection: Connection
    queue: Queue
    account: UUID
    worker: UUID
    known: UUID  # a job of the account

    def paths(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """All of them."""
        old = Place(created_at=datetime.now(UTC) - timedelta(days=1), id=self.known)
        return {
            "get a job": self.get,
            "list, first page": self.listed(),
            "list, offset 9,000": self.listed(offset=9000),
            "list, by an old cursor": self.listed(after=old),
            "list, failed ones": self.listed(asked=Filter(status=Status.FAILED)),
            "list, by metadata": self.listed(asked=Filter(metadata={"order": "777700"})),
            "list, another machine": self.listed(asked=Filter(machine="nvidia")),
            "submit, claim, finish": self.one_job,
            "housekeeping": self.keep_house,
        }

    async def get(self) -> object:
        """By its id."""
        return await repository.get(self.connection, self.known, self.account, silent_seconds=SILENT)

    def listed(
        self, offset: int = 0, after: Place | None = None, asked: Filter = listing.EVERYTHING
    ) -> Callable[[], Awaitable[object]]:
        """A page of 50."""

        async def page() -> object:
            return await listing.page(
                self.connection,
                self.account,
                limit=50,
                offset=offset,
                after=after,
                asked=asked,
                silent_seconds=SILENT,
            )

        return page

    async def one_job(self) -> object:
        """What the database does for a job."""
        accepted = Accepted(id=UUID(int=time.time_ns()), submission=COMMAND, input_keys={}, timeout_seconds=60)
        await repository.insert(self.connection, self.account, [accepted], silent_seconds=SILENT)
        claimed = await attempts.claim(self.connection, machine="cpu", worker=self.worker, ticket=1)
        assert claimed
        return await attempts.finish(self.connection, claimed.job, Result(status=Status.SUCCEEDED, log="a log"))

    async def keep_house(self) -> object:
        """The statements that look at jobs."""
        await repository.cancel_overdue(self.connection, "too late")
        await self.connection.execute(recovery.MISSING_TICKETS)
        return await attempts.running(self.connection, self.worker)


async def measure(bench: Bench, rounds: int) -> dict[str, float]:
    """Milliseconds of each, medians of rounds in turns."""
    took: dict[str, list[float]] = {name: [] for name in bench.paths()}
    for _ in range(rounds):
        for name, path in bench.paths().items():
            begun = time.perf_counter()
            await path()
            took[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(values) for name, values in took.items()}


async def fill(url: str, account: UUID, first: int, last: int, total: int) -> None:
    """Jobs first to last of a total, in slices, without indexes, which are made again at the end."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        rows = await connection.execute("SELECT id FROM accounts WHERE name LIKE 'account %'")
        accounts = [row[0] for row in await rows.fetchall()]
        rows = await connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'jobs' AND indexname <> 'jobs_pkey'"
        )
        indexes: list[tuple[str, str]] = await rows.fetchall()
        for name, _ in indexes:
            await connection.execute(f'DROP INDEX "{name}"'.encode())
        values = {"big": account, "accounts": accounts, "count": len(accounts), "total": total}
        for begin in range(first, last + 1, SLICE):
            await connection.execute(FILL, {**values, "first": begin, "last": min(last, begin + SLICE - 1)})
        for _, definition in indexes:
            await connection.execute(definition.encode())
        await connection.execute("VACUUM ANALYZE jobs")
        rows = await connection.execute("SELECT pg_total_relation_size('jobs') >> 20")
        size = await rows.fetchone()
        assert size
        print(f"{last:,} finished jobs of {len(accounts):,} accounts: {size[0]:,} MiB", flush=True)


async def run(url: str, asked: argparse.Namespace) -> None:
    """Small, then full."""
    async with open_pool(url) as pool, pool.connection() as connection:
        queue = Queue()
        await queue.open(pool)
        big = await managing.ensure_account(connection, "bench", "big")
        for number in range(asked.accounts):
            await managing.ensure_account(connection, "bench", f"account {number}")
        worker = await registry.register(connection, Registration(name="w", machine="cpu", concurrency=1))
        accepted = Accepted(id=UUID(int=1), submission=COMMAND, input_keys={}, timeout_seconds=60)
        await repository.insert(connection, big.id, [accepted], silent_seconds=SILENT)
        bench = Bench(connection=connection, queue=queue, account=big.id, worker=worker, known=accepted.id)
        await fill(url, big.id, 1, asked.small, asked.jobs)
        await measure(bench, WARMING)
        small = await measure(bench, asked.rounds)
        await fill(url, big.id, asked.small + 1, asked.jobs, asked.jobs)
        await measure(bench, WARMING)
        full = await measure(bench, asked.rounds)
    print(f"\n{'':24} {'small ms':>9} {'full ms':>9} {'ratio':>6}")
    for name, before in small.items():
        print(f"{name:24} {before:9.2f} {full[name]:9.2f} {full[name] / before:6.2f}")


def main() -> None:
    """On a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--directory", type=Path, default=None)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ffmill-bench-", dir=asked.directory) as directory,
        EmbeddedPostgres(Path(directory)) as server,
    ):
        migrate(server.url)
        uvloop.run(run(server.url, asked))


if __name__ == "__main__":
    main()
