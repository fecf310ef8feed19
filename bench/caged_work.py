"""What a cage costs an encode of ten seconds of video, and how soon it is gone when its worker is killed, by level."""

import asyncio
import os
import resource
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import uvloop

from ffmill import programs
from ffmill.config import Settings
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

ROUNDS = int(os.environ.get("ROUNDS", "12"))
ENCODE = "-v error -f lavfi -i testsrc2=s=640x360:r=25:d=10 -c:v libx264 -preset veryfast -f null -"
KILLED = "-nostdin -v error -f lavfi -i testsrc2=s=1280x720 -c:v libx264 -stats_period 0.05 -progress pipe:3 -f null -"
LEVELS: tuple[Literal["full", "landlock"], ...] = ("full", "landlock")


async def main() -> None:
    """Prints two tables; with arguments, is the worker that is killed."""
    if len(sys.argv) > 1:
        await work(Path(sys.argv[1]), sys.argv[2])
        return
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        await encodes(Path(directory))
        deaths(Path(directory))


async def encodes(home: Path) -> None:
    """CPU seconds of each encode, in turns, and of each level beside the bare one of the same round."""
    figures: dict[str, list[float]] = {"bare": [], **{level: [] for level in LEVELS}}
    async with AsyncExitStack() as stack:
        ready = {level: await stack.enter_async_context(Sandbox.open(_settings(home, level), 1)) for level in LEVELS}
        for _ in range(ROUNDS):
            figures["bare"].append(bare())
            for level, sandbox in ready.items():
                async with sandbox.workspace(0) as workspace, sandbox.cage(workspace) as cage:
                    done = await cage.run(ENCODE.split(), Limits.of(_settings(home, level)))
                    assert done.code == 0
                    figures[level].append(done.cpu_seconds)
    print(f"\nCPU of an encode of 10 s, s, median of {ROUNDS} (quartiles)")
    for name, values in figures.items():
        low, median, high = statistics.quantiles(values, n=4)
        shares = [value / base for value, base in zip(values, figures["bare"], strict=True)]
        print(f"  {name:9} {median:6.3f} ({low:.3f} to {high:.3f})   of bare, paired: {statistics.median(shares):.3f}")


def bare() -> float:
    """CPU seconds without a cage."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([programs.ffmpeg(Settings()), *ENCODE.split()], check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def deaths(home: Path) -> None:
    """Milliseconds from kill -9 of the worker until its ffmpeg is gone."""
    print(f"\nkill -9 of the worker until ffmpeg is gone, ms, {ROUNDS} times")
    for level in LEVELS:
        seen = [death(home, level) * 1e3 for _ in range(ROUNDS)]
        print(f"  {level:9} median {statistics.median(seen):6.1f}   longest {max(seen):6.1f}")


def death(home: Path, level: str) -> float:
    """Of one worker with an encode at work."""
    words = [sys.executable, __file__, str(home), level]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        held = os.pidfd_open(next(int(line) for line in worker.stdout if line.strip().isdigit()))  # others are its log
        try:
            began = time.monotonic()
            worker.send_signal(signal.SIGKILL)
            assert select.select([held], [], [], 10)[0], "ffmpeg lives on"
            return time.monotonic() - began
        finally:
            os.close(held)


async def work(home: Path, level: str) -> None:
    """Tells the pid of its ffmpeg once that encodes."""
    settings = _settings(home, level)
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace, sandbox.cage(workspace) as cage:
        began = asyncio.Event()
        running = asyncio.create_task(cage.run(KILLED.split(), Limits.of(settings), on_progress=lambda _: began.set()))
        await began.wait()
        print(cage.pid, flush=True)
        await running


def _settings(home: Path, level: str) -> Settings:
    return Settings.model_validate({"data_dir": home / level, "sandbox": level})


if __name__ == "__main__":
    uvloop.run(main())
