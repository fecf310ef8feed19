"""What FFMILL_THREADS leaves to a command."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from tests.integration.sandbox.conftest import Bench, until_named

ENCODE = "-f lavfi -i testsrc2=s=320x240:d=0.2 -c:v libx264 out.mp4"
ENDLESS = "-re -f lavfi -i testsrc2=s=64x64 -f null -"
CORES = sorted(os.sched_getaffinity(0))

several_cores = pytest.mark.skipif(len(CORES) < 2, reason="a machine with one core gives one to everybody")


def allowed(pid: int) -> str:
    """The cores of a process, as the kernel writes them."""
    found = re.search(r"Cpus_allowed_list:\s*(\S+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return found[1]


def encoders_threads(log: str) -> int:
    """As x264 tells them."""
    found = re.search(r" threads=(\d+) ", log)
    assert found is not None, log
    return int(found[1])


@several_cores
async def test_an_encoder_starts_threads_for_the_cores_of_its_job(settings: Settings) -> None:
    limited = settings.model_copy(update={"threads": 1})
    async with Sandbox.open(limited, 1) as sandbox:
        run = await Bench(sandbox, Limits.of(limited)).run(ENCODE)
    assert run.exit.code == 0, run.log
    assert encoders_threads(run.log) == 1


@several_cores
async def test_without_the_setting_it_starts_threads_for_all(bench: Bench) -> None:
    run = await bench.run(ENCODE)
    assert encoders_threads(run.log) > 1


@several_cores
async def test_slots_have_cores_of_their_own_waiting_and_at_work(settings: Settings) -> None:
    limited = settings.model_copy(update={"threads": 1})
    async with Sandbox.open(limited, 2) as sandbox:
        for slot in (0, 1):
            async with sandbox.workspace(slot) as workspace, sandbox.cage(workspace) as cage:
                await until_named(cage, "sh")
                assert allowed(cage.pid) == str(CORES[slot])
                running = asyncio.create_task(cage.run(ENDLESS.split(), Limits.of(limited)))
                await until_named(cage, "ffmpeg")
                assert thread_cores(cage) == {str(CORES[slot])}
                running.cancel()
                await asyncio.wait([running])
    assert sorted(os.sched_getaffinity(0)) == CORES


def thread_cores(cage: Cage) -> set[str]:
    """The cores of every thread of what is at work."""
    return {allowed(int(task.name)) for task in Path(f"/proc/{cage.pid}/task").iterdir()}
