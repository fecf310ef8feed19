"""What the database costs a job: claims and ends a second with 20 slots, without ffmpeg, cage and files.

    python bench/claims.py [--jobs 2000] [--slots 20] [--accounts 10] [--queued 0]

The real engine serves real tickets on the embedded PostgreSQL; each spends its ticket on a claim and an end.
`--queued` jobs of one account wait behind, and are not counted.
"""

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import uvloop

from ffmill.accounts import managing
from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate
from ffmill.db.pool import Pool, open_pool
from ffmill.jobs import attempts, repository
from ffmill.jobs.model import Output, Result, Status, Submission
from ffmill.jobs.repository import Accepted
from ffmill.queue.engine import Queue, Tasks
from ffmill.worker import registry
from ffmill.worker.registry import Registration

BATCH = 1000
COMMAND = Submission(
    input_files={"in.mp4": "https://example.org/in.mp4"},
    output_files=("o.jpg",),
    ffmpeg_commands=("-ss 1 -i {{in.mp4}} -frames:v 1 {{o.jpg}}",),
)


@dataclass(kw_only=True)
class Bench:
    """A worker that does nothing but claim and finish."""

    pool: Pool
    worker: UUID
    left: int
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, ticket: int) -> None:
        """Spends a ticket."""
        async with self.pool.connection() as connection:
            claimed = await attempts.claim(connection, machine="cpu", worker=self.worker, ticket=ticket)
        if claimed is None:
            return
        job = claimed.job
        output = Output(name="o.jpg", key=f"outputs/{job.id}/{job.attempt}/o.jpg", bytes=1)
        async with self.pool.connection() as connection:
            await attempts.finish(
                connection, job, Result(status=Status.SUCCEEDED, outputs=(output,), log="a log\n" * 20)
            )
        self.left -= 1
        if self.left == 0:
            self.over.set()

    async def deliver(self, *_: object) -> None:
        """No job here has a webhook."""

    async def expire(self) -> None:
        """Nothing here is old."""


async def submit(pool: Pool, queue: Queue, account: UUID, count: int) -> None:
    """Queues jobs of one account, each with its ticket."""
    for at in range(0, count, BATCH):
        number = min(BATCH, count - at)
        accepted = [Accepted(id=uuid4(), submission=COMMAND, input_keys={}, timeout_seconds=60) for _ in range(number)]
        async with pool.connection() as connection, connection.transaction():
            await repository.insert(connection, account, accepted, silent_seconds=30)
            await queue.issue(connection, "cpu", number)


async def measure(url: str, asked: argparse.Namespace) -> None:
    """Prints jobs a second."""
    async with open_pool(url, max_size=asked.slots + 6) as pool:
        queue = Queue()
        await queue.open(pool)
        async with pool.connection() as connection:
            accounts = [
                (await managing.ensure_account(connection, "bench", f"account {n}")).id for n in range(asked.accounts)
            ]
            worker = await registry.register(connection, Registration(name="w", machine="cpu", concurrency=asked.slots))
        await submit(pool, queue, accounts[0], asked.queued)
        for account in accounts:
            await submit(pool, queue, account, asked.jobs // asked.accounts)
        async with pool.connection() as connection:
            await connection.execute("ANALYZE")
        bench = Bench(pool=pool, worker=worker, left=asked.jobs)
        tasks = Tasks(work=bench.work, deliver=bench.deliver, expire=bench.expire)
        begun = time.perf_counter()
        serving = asyncio.create_task(
            queue.work("cpu", tasks, concurrency=asked.slots, drain_seconds=0.0, silent_seconds=30)
        )
        await asyncio.wait([serving, asyncio.ensure_future(bench.over.wait())], return_when=asyncio.FIRST_COMPLETED)
        took = time.perf_counter() - begun
        serving.cancel()
        await asyncio.wait([serving])
    waiting = f", {asked.queued:,} more of one account waiting" if asked.queued else ""
    print(f"{asked.slots} slots, {asked.accounts} accounts{waiting}: {asked.jobs / took:,.0f} claims and ends a second")


def main() -> None:
    """On a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--queued", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory, EmbeddedPostgres(Path(directory)) as server:
        migrate(server.url)
        uvloop.run(measure(server.url, asked))


if __name__ == "__main__":
    main()
