"""What commands in real cages cost, to their end and cut off."""

import asyncio

import pytest

from ffmill.worker.budget import Budget
from ffmill.worker.meter import Meter
from tests.running import job

from .conftest import Bench

BUSY = "-f lavfi -i testsrc2=s=320x180 -t 1 -f null -"
ENDLESS = "-f lavfi -i testsrc2=s=320x180 -f null -"


async def test_a_command_costs_cpu_and_memory(bench: Bench) -> None:
    meter = Meter(job(), Budget(1 << 30))
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        with meter.command(cage):
            done = await bench.run_in(cage, workspace, BUSY)
    used = meter.usage()
    assert used.cpu_seconds == done.exit.cpu_seconds > 0
    assert used.peak_memory_bytes == done.exit.peak_memory_bytes > 0
    assert used.run_seconds > 0


async def test_a_command_that_is_cut_off_costs_what_it_took_until_then(bench: Bench) -> None:
    meter = Meter(job(), Budget(1 << 30))
    at_work = asyncio.Event()

    async def run() -> None:
        async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
            with meter.command(cage):
                await cage.run(
                    ["-stats_period", "0.05", "-progress", "pipe:3", *ENDLESS.split()],
                    bench.limits,
                    on_progress=lambda _: at_work.set(),
                )

    running = asyncio.create_task(run())
    async with asyncio.timeout(60):
        await at_work.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert meter.usage().cpu_seconds > 0
    assert meter.usage().run_seconds > 0
    assert len(meter.timings()["command_seconds"] or ()) == 1  # pyright: ignore[reportArgumentType]  # a list
