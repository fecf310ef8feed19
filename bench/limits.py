"""What the rate limit costs a request: two API processes on one database, one that counts and one that does not.

    python bench/limits.py [--requests 1000]

They are asked in turns, for a list of one job; client, APIs and the embedded PostgreSQL share the machine.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from submits import JOB, api, post

from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate

PLENTY = 1_000_000
AT_ONCE = 16


async def get(session: aiohttp.ClientSession) -> float:
    """Milliseconds until the list is there."""
    begun = time.perf_counter()
    async with session.get("/api/jobs?limit=1") as answer:
        await answer.read()
        assert answer.status == 200, await answer.text()
    return (time.perf_counter() - begun) * 1000


async def rate(session: aiohttp.ClientSession, requests: int) -> float:
    """Requests a second over 16 connections, all of one account."""

    async def ask() -> None:
        for _ in range(requests // AT_ONCE):
            await get(session)

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return requests / (time.perf_counter() - begun)


async def main() -> None:
    """On a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory, EmbeddedPostgres(Path(directory)) as server:
        migrate(server.url)
        async with (
            api(server.url, Path(directory) / "free") as free,
            api(server.url, Path(directory) / "limited", rate_limit=PLENTY) as limited,
        ):
            await post(free, "/api/ffmpeg", JOB)
            pairs = [(await get(free), await get(limited)) for _ in range(requests)]
            without, counted = (statistics.quantiles(took, n=4) for took in zip(*pairs, strict=True))
            added = statistics.quantiles([b - a for a, b in pairs], n=4)
            print("one after the other, ms: quartiles without", *(f"{ms:.2f}" for ms in without))
            print("                                   counted", *(f"{ms:.2f}" for ms in counted))
            print(f"the limit adds a median of {added[1]:.2f} ms (quartiles {added[0]:.2f} to {added[2]:.2f})")
            for name, session in (("without", free), ("counted", limited), ("without", free), ("counted", limited)):
                print(f"{AT_ONCE} connections of one account, {name}: {await rate(session, requests):,.0f} requests/s")


if __name__ == "__main__":
    asyncio.run(main())
