"""What a cage costs: `ffmpeg -version` bare, in a cage made cold, in one that was ready; rounds in turns, medians."""

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from ffmill import programs
from ffmill.config import Settings
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace

ROUNDS = int(os.environ.get("ROUNDS", "60"))
STARTS = 100  # for the CPU, which the kernel counts in steps of 10 ms


class Bench:
    """A sandbox and the three ways to start ffmpeg."""

    def __init__(self, settings: Settings, sandbox: Sandbox, workspace: Workspace) -> None:
        self._ffmpeg = programs.ffmpeg(settings)
        self._limits = Limits.of(settings)
        self._sandbox = sandbox
        self._workspace = workspace

    async def bare(self) -> float:
        """Without anything around it."""
        began = time.perf_counter()
        subprocess.run([self._ffmpeg, "-version"], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return time.perf_counter() - began

    async def cold(self) -> float:
        """A cage is made when the command is known."""
        began = time.perf_counter()
        async with self._sandbox.cage(self._workspace) as cage:
            await self._run(cage)
            return time.perf_counter() - began

    async def warm(self) -> float:
        """The cage waits."""
        async with AsyncExitStack() as stack:
            cage = await stack.enter_async_context(self._sandbox.cage(self._workspace))
            await asyncio.sleep(0.03)
            began = time.perf_counter()
            await self._run(cage)
            return time.perf_counter() - began

    async def attempt(self) -> float:
        """A workspace and a cage made and removed, with a command in between."""
        began = time.perf_counter()
        async with self._sandbox.workspace(0) as workspace, self._sandbox.cage(workspace) as cage:
            await self._run(cage)
        return time.perf_counter() - began

    async def _run(self, cage: Cage) -> None:
        assert (await cage.run(["-version"], self._limits)).code == 0


async def main() -> None:
    """Prints two tables: milliseconds until ffmpeg is reaped, and the machine's CPU for each start."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory))
        began = time.perf_counter()
        async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
            print(f"sandbox opened, root built and tried: {(time.perf_counter() - began) * 1e3:.0f} ms")
            bench = Bench(settings, sandbox, workspace)
            ways = {"bare": bench.bare, "cold cage": bench.cold, "warm cage": bench.warm, "attempt": bench.attempt}
            await latency(ways)
            await cpu(ways)


async def latency(ways: Mapping[str, Callable[[], Awaitable[float]]]) -> None:
    """In turns, so that what else the machine does meets all alike."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            figures[name].append(await way() * 1e3)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    print(f"\nffmpeg -version until reaped, ms, median of {ROUNDS}")
    for name, median in medians.items():
        print(f"  {name:10} {median:6.2f}   beyond bare {median - medians['bare']:+6.2f}")


async def cpu(ways: Mapping[str, Callable[[], Awaitable[float]]]) -> None:
    """All that the machine spent, the kernel's own work included."""
    print(f"\nCPU a start, ms, mean of {STARTS}")
    for name, way in ways.items():
        before = busy_seconds()
        for _ in range(STARTS):
            await way()
        print(f"  {name:10} {(busy_seconds() - before) / STARTS * 1e3:6.2f}")


def busy_seconds() -> float:
    """CPU seconds that the machine has spent (proc(5), /proc/stat): all but idle, waiting and stolen."""
    values = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(values) - values[3] - values[4] - values[7]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    uvloop.run(main())
