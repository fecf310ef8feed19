"""How many jobs a second one API process accepts: one by one over 16 connections, and in batches of 1,000.

    python bench/submits.py [--jobs 2000] [--connections 16] [--batches 10]

No worker runs; client, API and the embedded PostgreSQL share the machine.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from service import free_port

from ffmill.accounts import api_keys, managing
from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate
from ffmill.db.pool import open_pool

JOB: dict[str, object] = {
    "input_files": {"in.mp4": "https://example.org/in.mp4"},
    "output_files": ["o.jpg"],
    "ffmpeg_commands": ["-ss 1 -i {{in.mp4}} -frames:v 1 {{o.jpg}}"],
    "metadata": {"order": "17"},
}


@asynccontextmanager
async def api(database_url: str, directory: Path, *, rate_limit: int = 0) -> AsyncGenerator[aiohttp.ClientSession]:
    """An API process alone, and a client with a key that may send so many requests a second; 0: any number."""
    async with open_pool(database_url) as pool, pool.connection() as connection:
        account = await managing.ensure_account(connection, "bench", "bench")
        key, _ = await api_keys.create(connection, account.id, "bench")
    port = free_port()
    environment = {
        "FFMILL_DATABASE_URL": database_url,
        "FFMILL_LOG_LEVEL": "warning",
        "FFMILL_RATE_LIMIT": str(rate_limit),
    }
    command = [str(Path(sys.executable).with_name("ffmill")), "api", "--port", str(port), "--data-dir", str(directory)]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {key}"},
            connector=aiohttp.TCPConnector(limit=0),
        ) as session:
            await _up(session)
            yield session
    finally:
        process.terminate()
        process.wait(timeout=15)


async def _up(session: aiohttp.ClientSession) -> None:
    while True:
        try:
            async with session.get("/healthz"):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)


async def post(session: aiohttp.ClientSession, path: str, body: object) -> float:
    """Milliseconds until the answer is there."""
    begun = time.perf_counter()
    async with session.post(path, json=body) as answer:
        await answer.read()
        assert answer.status == 200, await answer.text()
    return (time.perf_counter() - begun) * 1000


async def one_by_one(session: aiohttp.ClientSession, jobs: int, connections: int) -> None:
    """Prints submits a second."""
    took: list[float] = []

    async def submit() -> None:
        for _ in range(jobs // connections):
            took.append(await post(session, "/api/ffmpeg", JOB))  # noqa: PERF401 - as they come

    begun = time.perf_counter()
    await asyncio.gather(*(submit() for _ in range(connections)))
    rate = len(took) / (time.perf_counter() - begun)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"{connections} connections: {rate:,.0f} submits/s; p50 {statistics.median(took):.1f} ms, p95 {p95:.1f} ms")
    alone = [await post(session, "/api/ffmpeg", JOB) for _ in range(50)]
    print(f"one after the other: p50 {statistics.median(alone):.1f} ms")


async def in_batches(session: aiohttp.ClientSession, batches: int) -> None:
    """Prints jobs a second."""
    body = {"jobs": [JOB] * 1000}
    took = [await post(session, "/api/jobs/batch", body) for _ in range(batches)]
    rates = sorted(1e6 / ms for ms in took)
    print(f"batches of 1,000: {statistics.median(rates):,.0f} jobs/s ({rates[0]:,.0f} to {rates[-1]:,.0f})")


async def main() -> None:
    """On a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--batches", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory, EmbeddedPostgres(Path(directory)) as server:
        migrate(server.url)
        async with api(server.url, Path(directory) / "api") as session:
            await one_by_one(session, asked.jobs, asked.connections)
            await in_batches(session, asked.batches)


if __name__ == "__main__":
    asyncio.run(main())
