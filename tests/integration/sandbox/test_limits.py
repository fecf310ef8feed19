"""A command that needs more than its limits allow ends, and is told which limit it was; in real cages."""

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from ffmill.sandbox import cgroups
from tests.integration.sandbox.conftest import Bench, until


def is_grouped() -> bool:
    """Whether this machine lets us make control groups."""
    with cgroups.Groups.open() as groups:
        return groups is not None


def group_of(pid: int) -> str:
    """Its groups (proc(5)); nothing as long as the process is not known."""
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except FileNotFoundError:
        return ""


def groups_left() -> list[Path]:
    """Groups of commands of this process."""
    return [path for path in Path("/sys/fs/cgroup").rglob(f"ffmill-{os.getpid()}/*") if path.is_dir()]


Holder = Literal["control groups", "rlimits"]


def nothing(_: Path) -> None:
    """No control groups."""


@pytest.fixture(params=["control groups", "rlimits"])
def holder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Holder:
    """What holds commands to their limits of memory and threads; to be asked for before the sandbox."""
    if request.param == "rlimits":
        monkeypatch.setattr(cgroups, "_made", nothing)
    return request.param


async def test_a_file_that_grows_too_large_ends_the_command(bench: Bench) -> None:
    limits = replace(bench.limits, file_bytes=1 << 20)
    run = await bench.run("-f lavfi -i testsrc2=s=640x480 -t 2 -c:v rawvideo a.avi", limits=limits)
    assert run.exit.limit == 'a file grew beyond 1 MiB (FFMILL_MAX_OUTPUT_BYTES); the largest file is "a.avi"'
    assert run.exit.code == 229


async def test_files_that_grow_too_large_together_end_the_command(bench: Bench) -> None:
    limits = replace(bench.limits, job_bytes=20 << 20)
    run = await bench.run("-re -readrate 40 -f lavfi -i testsrc2=s=640x480 -t 999 -c:v rawvideo a.avi", limits=limits)
    assert run.exit.limit == f'{limits.job_sentence()}; the largest file is "a.avi"'
    assert run.exit.code == 137


async def test_the_quota_holds_for_a_command_that_was_quick(bench: Bench) -> None:
    limits = replace(bench.limits, job_bytes=1 << 20)
    run = await bench.run("-f lavfi -i testsrc2=s=640x480 -t 0.2 -c:v rawvideo a.avi", limits=limits)
    assert run.exit.limit == f'{limits.job_sentence()}; the largest file is "a.avi"'


async def test_inputs_count_and_holes_do_not(bench: Bench) -> None:
    limits = replace(bench.limits, job_bytes=1 << 20)
    large = await bench.run("-f lavfi -i anullsrc -t 0.1 -f null -", limits=limits, inputs={"a": bytes(2 << 20)})
    assert large.exit.limit is not None
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        with (workspace.inputs / "hole").open("wb") as file:
            file.truncate(1 << 40)
        run = await bench.run_in(cage, workspace, "-f lavfi -i anullsrc -t 0.1 -f null -", limits=limits)
    assert run.exit.limit is None


async def test_too_many_files_end_the_command(bench: Bench) -> None:
    limits = replace(bench.limits, files=50)
    run = await bench.run("-f lavfi -i testsrc2=s=16x16:r=1000 -t 999 %d.pgm", limits=limits)
    assert run.exit.limit == "the job wrote more than 50 files"


async def test_memory_that_is_used_ends_the_command(bench: Bench, holder: Holder) -> None:
    del holder
    limits = replace(bench.limits, memory_bytes=150 << 20)
    run = await bench.run("-f lavfi -i testsrc2=s=1920x1080 -t 99 -c:v libx264 -f null -", limits=limits)
    assert run.exit.limit == "the command needed more than 150 MiB of memory (FFMILL_MAX_MEMORY_BYTES)"


async def test_memory_that_is_refused_ends_the_command(bench: Bench, holder: Holder) -> None:
    del holder
    limits = replace(bench.limits, memory_bytes=64 << 20, threads=32)
    run = await bench.run("-f lavfi -i testsrc2=s=8000x8000 -t 1 -f null -", limits=limits)
    assert run.exit.limit == "the command needed more than 64 MiB of memory (FFMILL_MAX_MEMORY_BYTES)", run.log


async def test_too_many_threads_end_the_command(confined: Bench, holder: Holder) -> None:
    del holder
    limits = replace(confined.limits, threads=4)
    run = await confined.run("-f lavfi -i testsrc2=s=320x240 -t 99 -c:v libx264 -threads 16 -f null -", limits=limits)
    assert run.exit.limit == "the command started more than 4 threads (FFMILL_MAX_THREADS)", run.log


async def test_too_many_open_files_end_the_command(bench: Bench) -> None:
    limits = replace(bench.limits, open_files=12)
    words = [word for n in range(20) for word in ("-t", "0.1", f"{n}.wav")]
    run = await bench.run(["-f", "lavfi", "-i", "anullsrc", *words], limits=limits)
    assert run.exit.limit == "the command had more than 12 files open at once", run.log


async def test_too_much_cpu_time_ends_the_command(bench: Bench) -> None:
    limits = replace(bench.limits, cpu_seconds=1)
    run = await bench.run("-f lavfi -i testsrc2=s=1920x1080 -c:v libx264 -f null -", limits=limits)
    assert run.exit.limit == "the command needed more than 1 s of CPU time (FFMILL_MAX_CPU_SECONDS)"


@pytest.mark.skipif(not is_grouped(), reason="no control groups can be made here")
async def test_a_command_that_waits_is_in_a_group_of_its_own(bench: Bench) -> None:
    assert bench.sandbox.groups
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        await until(lambda: f"ffmill-{os.getpid()}/" in group_of(cage.pid))
    assert groups_left() == []


@pytest.mark.skipif(not is_grouped(), reason="no control groups can be made here")
async def test_no_group_is_left_however_a_command_is_cancelled(bench: Bench) -> None:
    async with bench.sandbox.workspace(0) as workspace:
        for step in range(40):
            with suppress(TimeoutError):
                async with asyncio.timeout(step / 2000), bench.sandbox.cage(workspace) as cage:
                    await cage.run(["-version"], bench.limits)
        await until(lambda: groups_left() == [])
