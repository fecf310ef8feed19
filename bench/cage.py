"""What a cage costs, at each level, beside the bare program; rounds in turns, medians with quartiles.

The first instruction: from when the command is known, by a program that tells the time and ends (x86_64). Then
`ffmpeg -version` until it is reaped, and the CPU of the whole machine for each start.
"""

import asyncio
import os
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvloop
from tests.machine_code import Call, Room, program

from ffmill import programs
from ffmill.config import Settings
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace

ROUNDS = int(os.environ.get("ROUNDS", "100"))
STARTS = 100  # for the CPU, which the kernel counts in steps of 10 ms
SETTLED_SECONDS = 0.03  # until a cage that was made waits
CLOCK_GETTIME, WRITE, MONOTONIC = 228, 1, 1
LEVELS: tuple[Literal["full", "landlock"], ...] = ("full", "landlock")

Way = Callable[[], Awaitable[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caged:
    """A sandbox and one workspace of it."""

    sandbox: Sandbox
    workspace: Workspace
    limits: Limits

    async def warm(self, measure: Callable[[Cage], Awaitable[float]]) -> float:
        """What is measured of a command for which a cage waits."""
        async with AsyncExitStack() as stack:
            cage = await stack.enter_async_context(self.sandbox.cage(self.workspace))
            await asyncio.sleep(SETTLED_SECONDS)
            return await measure(cage)

    async def cold(self, measure: Callable[[Cage], Awaitable[float]]) -> float:
        """What is measured of a command for which a cage must be made, that included."""
        began = time.monotonic()
        async with self.sandbox.cage(self.workspace) as cage:
            made = time.monotonic() - began
            return made + await measure(cage)

    async def first_instruction(self, cage: Cage) -> float:
        """Seconds until the program tells the time."""
        told: list[bytes] = []
        began = time.monotonic()
        await cage.run([], self.limits, program="ffprobe", on_progress=told.append)
        return of_stamp(b"".join(told)) - began

    async def reaped(self, cage: Cage) -> float:
        """Seconds until `ffmpeg -version` is over."""
        began = time.monotonic()
        assert (await cage.run(["-version"], self.limits)).code == 0
        return time.monotonic() - began


@asynccontextmanager
async def caged(home: Path, level: Literal["full", "landlock"], stamp: Path) -> AsyncGenerator[Caged]:
    """A sandbox at a level, whose ffprobe tells the time."""
    settings = Settings(data_dir=home / level, sandbox=level, ffprobe=stamp)
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
        yield Caged(sandbox=sandbox, workspace=workspace, limits=Limits.of(settings))


async def main() -> None:
    """Prints three tables."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        home.chmod(0o755)
        stamp = home / "stamp"
        stamp.write_bytes(
            program([Call(CLOCK_GETTIME, (MONOTONIC, Room(256))), Call(WRITE, (1, Room(256), 16))], tell=False)
        )
        stamp.chmod(0o755)
        async with AsyncExitStack() as stack:
            ready = {level: await stack.enter_async_context(caged(home, level, stamp)) for level in LEVELS}
            await latency("first instruction", await ways(ready, [stamp], first=True))
            version = [programs.ffmpeg(Settings()), "-version"]
            starts = await ways(ready, version, first=False)
            await latency("ffmpeg -version until reaped", starts)
            await cpu(starts)


async def ways(ready: Mapping[str, Caged], words: list[Path | str], *, first: bool) -> dict[str, Way]:
    """The ways to start a program, by name."""

    async def bare() -> float:
        began = time.monotonic()
        ran = subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return (of_stamp(ran.stdout) if first else time.monotonic()) - began

    found: dict[str, Way] = {"bare": bare}
    for level, caged_there in ready.items():
        measure = caged_there.first_instruction if first else caged_there.reaped
        found[f"{level}, warm"] = lambda one=caged_there, what=measure: one.warm(what)
        found[f"{level}, cold"] = lambda one=caged_there, what=measure: one.cold(what)
    return found


async def latency(what: str, found: Mapping[str, Way]) -> None:
    """In turns, so that what else the machine does meets all alike."""
    figures: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, way in found.items():
            figures[name].append(await way() * 1e3)
    bare = statistics.median(figures["bare"])
    print(f"\n{what}, ms, median of {ROUNDS} (quartiles)")
    for name, values in figures.items():
        low, median, high = statistics.quantiles(values, n=4)
        print(f"  {name:15} {median:6.2f} ({low:.2f} to {high:.2f})   beyond bare {median - bare:+6.2f}")


async def cpu(found: Mapping[str, Way]) -> None:
    """All that the machine spent, the kernel's own work included."""
    print(f"\nCPU a start, ms, mean of {STARTS}")
    for name, way in found.items():
        before = busy_seconds()
        for _ in range(STARTS):
            await way()
        print(f"  {name:15} {(busy_seconds() - before) / STARTS * 1e3:6.2f}")


def of_stamp(told: bytes) -> float:
    """The time that the program told, in seconds: struct timespec."""
    seconds, nanoseconds = struct.unpack("<qq", told)
    return seconds + nanoseconds / 1e9


def busy_seconds() -> float:
    """CPU seconds that the machine has spent (proc(5), /proc/stat): all but idle, waiting and stolen."""
    values = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(values) - values[3] - values[4] - values[7]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    uvloop.run(main())
