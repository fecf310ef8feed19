"""`ffmill sweep`: deletes what is due now, or compares rows and files and mends."""

import asyncio
from collections.abc import Awaitable, Callable

import typer

from ffmill.cli.database import explained, reachable
from ffmill.config import Settings
from ffmill.db.pool import Pool, open_pool
from ffmill.retention.expiry import Expiry
from ffmill.retention.sweep import Sweep, refuse_strangers
from ffmill.store.store import open_store

POOL_SIZE = 6


def expire(settings: Settings) -> None:
    """Makes one pass of what workers do every few minutes, and prints what went."""

    async def work(pool: Pool) -> None:
        store = open_store(settings)
        await refuse_strangers(pool, store)
        async for what, count in Expiry(settings, pool, store).steps():
            typer.echo(f"{what}: {count} deleted")

    _with_pool(settings, work)


def check(settings: Settings, *, older_than_seconds: float, dry_run: bool, anyway: bool) -> None:
    """Compares rows and objects, prints every finding and a summary."""

    async def work(pool: Pool) -> None:
        store = open_store(settings)
        if not anyway:
            await refuse_strangers(pool, store)
        sweep = Sweep(pool, store, typer.echo, older_than_seconds=older_than_seconds, dry_run=dry_run)
        counts = await sweep.run()
        typer.echo(
            f"{counts.objects} objects: {counts.strays} needed by nobody ({counts.stray_bytes} bytes); "
            f"{counts.jobs} jobs and {counts.uploads} temporary files whose objects are lost"
        )

    _with_pool(settings, work)


def _with_pool(settings: Settings, work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run(url: str) -> None:
        async with open_pool(url, max_size=POOL_SIZE) as pool:
            await work(pool)

    with reachable(settings) as url, explained():
        asyncio.run(run(url))
