"""What open event streams cost an API process, and how soon a worker's news is with the client.

    python bench/streams.py [--streams 1000] [--seconds 30] [--news 60]

Streams of as many queued jobs, then of one account; memory and CPU of the process as the kernel counts them, statements
as PostgreSQL does. No worker runs: this program writes a worker's news itself. Client, API and the embedded PostgreSQL
share the machine.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import psycopg
from submits import JOB, api

from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate
from ffmill.db.pool import Pool, open_pool
from ffmill.jobs import attempts
from ffmill.jobs.model import Job, Progress
from ffmill.worker import registry

COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 40  # PostgreSQL counts what a session did before it fell idle half a minute late
NO_END = aiohttp.ClientTimeout(total=None)


def api_process() -> int:
    """The id of the API process that this one has started."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    (found,) = (pid for pid in children if b"\0api\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return int(found)


def megabytes(process: int) -> float:
    """That are resident."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(resident) / 1024


def cpu_seconds(process: int) -> float:
    """That it has used, in user and kernel mode."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def commits(database_url: str) -> int:
    """Transactions of the database so far, our own look not counted."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(COMMITS).fetchone()
    assert row
    return row[0]


@asynccontextmanager
async def streams(session: aiohttp.ClientSession, paths: Sequence[str]) -> AsyncGenerator[list[aiohttp.ClientResponse]]:
    """So many open streams, each of which has told its first event."""
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(session.get(path, timeout=NO_END, read_bufsize=1 << 12)) for path in paths
        ]
        yield opened


async def idle(session: aiohttp.ClientSession, database_url: str, paths: Sequence[str], seconds: int) -> str:
    """What the streams of these paths cost while nothing happens."""
    process = api_process()
    before = megabytes(process)
    async with streams(session, paths):
        await asyncio.sleep(SETTLE_SECONDS)
        begun, used, done = time.monotonic(), cpu_seconds(process), commits(database_url)
        await asyncio.sleep(seconds)
        took = time.monotonic() - begun
        cpu, rate = (cpu_seconds(process) - used) / took, (commits(database_url) - done - 1) / took
        memory = f"{before:.0f} MB before, {megabytes(process):.0f} MB with them"
        return f"{memory}; {cpu:.1%} CPU, {rate:.1f} transactions/s"


async def claimed(pool: Pool) -> Job:
    """A job that is at work here."""
    async with pool.connection() as connection:
        worker = await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
        found = await attempts.claim(connection, machine="cpu", worker=worker, ticket=1)
    assert found
    return found.job


async def latencies(session: aiohttp.ClientSession, pool: Pool, job: Job, news: int) -> list[float]:
    """Seconds from the commit of a worker's news to its event, while as many other streams are open."""
    took: list[float] = []
    path = f"/api/jobs/{job.id}/events?types=progress"
    async with session.get(path, timeout=NO_END) as answer:
        for number in range(1, news + 1):
            async with pool.connection() as connection:
                await attempts.report(connection, job, Progress(frame=number))
            written = time.monotonic()
            async for line in answer.content:
                if line.startswith(b"data: ") and json.loads(line[6:])["frame"] == number:
                    break
            took.append(time.monotonic() - written)
            await asyncio.sleep(number * 0.137 % 0.5)  # not in step with the feed
    return took


async def measure(session: aiohttp.ClientSession, database_url: str, asked: argparse.Namespace) -> None:
    """Prints the figures."""
    jobs = [await new_job(session) for _ in range(asked.streams)]
    paths = [f"/api/jobs/{job_id}/events" for job_id in jobs]
    print(f"{asked.streams} streams of as many jobs: {await idle(session, database_url, paths, asked.seconds)}")
    accounts = ["/api/events"] * asked.streams
    print(f"{asked.streams} streams of an account: {await idle(session, database_url, accounts, asked.seconds)}")
    async with open_pool(database_url) as pool, streams(session, paths[:-1]):
        took = await latencies(session, pool, await claimed(pool), asked.news)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"news to event, {asked.streams} streams open: median {statistics.median(took):.2f} s, p95 {p95:.2f} s")


async def new_job(session: aiohttp.ClientSession) -> str:
    """The id of a new job."""
    async with session.post("/api/ffmpeg", json=JOB) as answer:
        return (await answer.json())["data"]["id"]


async def main() -> None:
    """On a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--news", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory, EmbeddedPostgres(Path(directory)) as server:
        migrate(server.url)
        async with api(server.url, Path(directory) / "api") as session:
            await measure(session, server.url, asked)


if __name__ == "__main__":
    asyncio.run(main())
