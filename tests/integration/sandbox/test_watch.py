"""Limits that hostile programs break, in real cages: a script of `sh` stands for code execution inside ffmpeg."""

import asyncio
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

import pytest

from ffmill.config import Settings
from ffmill.sandbox import usage, watch
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.usage import measure
from tests.integration.sandbox.conftest import Bench
from tests.machine_code import Call, program

MIB = 1 << 20
# `fill`: a string of 1 MiB in $a. What takes a second process runs without a cage: in one there is none.
SHELLS = {"full": "#!/sh\n", "off": "#!/bin/sh\n"}
SCRIPT = """
case "$*" in *EVIL*) ;; *) exit 0;; esac
fill() { a=0123456789abcdef; for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do a=$a$a; done; }
"""
FOR_EVER = "while :; do :; done"
SECONDS = 30  # for what must happen soon, and would never happen otherwise


class Hostile(Protocol):
    """Opens a sandbox whose ffmpeg runs a script."""

    def __call__(self, script: str, level: Literal["full", "off"] = "full") -> AbstractAsyncContextManager[Bench]: ...


@pytest.fixture
def hostile(tmp_path: Path) -> Hostile:
    """A sandbox whose ffmpeg runs the given script."""

    @asynccontextmanager
    async def opened(script: str, level: Literal["full", "off"] = "full") -> AsyncGenerator[Bench]:
        program = tmp_path / "evil"
        program.write_text(SHELLS[level] + SCRIPT + script)
        program.chmod(0o755)
        settings = Settings(data_dir=tmp_path / "data", ffmpeg=program, sandbox=level)
        async with Sandbox.open(settings, 1) as sandbox:
            yield Bench(sandbox, Limits.of(settings))

    return opened


async def test_files_without_a_name_count_while_they_are_open(hostile: Hostile) -> None:
    holding = "fill; exec 8>a; printf %s $a$a >&8; exec 9>b; printf %s $a$a >&9; /bin/rm a b;"
    async with hostile(holding + FOR_EVER, "off") as bench, asyncio.timeout(SECONDS):
        run = await bench.run("EVIL", limits=replace(bench.limits, job_bytes=3 * MIB))
    assert run.exit.limit == "the job's inputs and files grew beyond 3 MiB (FFMILL_MAX_JOB_BYTES)"


async def test_a_file_without_a_name_counts_once(hostile: Hostile) -> None:
    holding = "fill; exec 8>a; printf %s $a$a >&8; exec 9>&8; /bin/rm a; while [ ! -e inputs/go ]; do :; done; :>b"
    async with hostile(holding, "off") as bench, bench.sandbox.workspace(0) as workspace:
        limits = replace(bench.limits, job_bytes=3 * MIB)
        async with bench.sandbox.cage(workspace) as cage, asyncio.timeout(SECONDS):
            running = asyncio.create_task(bench.run_in(cage, workspace, "EVIL", limits=limits))
            while (await usage.measure_held(cage.pid)).unlinked_bytes != 2 * MIB:  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0)
            (workspace.inputs / "go").touch()
            assert (await running).exit.limit is None


async def test_memory_of_several_processes_counts_together(hostile: Hostile) -> None:
    many = "grow() { fill; b=$a$a$a$a; c=$b$b$b$b; " + FOR_EVER + "; }; grow & grow & grow & grow & grow & grow & wait"
    async with hostile(many, "off") as bench, asyncio.timeout(SECONDS):
        run = await bench.run("EVIL", limits=replace(bench.limits, memory_bytes=64 * MIB))
    assert run.exit.limit == "the command needed more than 64 MiB of memory (FFMILL_MAX_MEMORY_BYTES)"


async def test_a_disk_that_takes_long_to_count_delays_no_look_at_the_memory(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(watch, "measure_held", never)
    grow = "fill; b=$a$a$a$a$a$a$a$a; c=$b$b$b$b;"
    async with hostile(grow + FOR_EVER) as bench, asyncio.timeout(SECONDS):
        run = await bench.run("EVIL", limits=replace(bench.limits, memory_bytes=32 * MIB))
    assert run.exit.limit == "the command needed more than 32 MiB of memory (FFMILL_MAX_MEMORY_BYTES)"


@pytest.mark.parametrize(("seconds", "pause"), [(0, 0.2), (0.02, 0.4), (0.3, 1.0), (60, 1.0)])
def test_pauses_between_counts_are_bounded(seconds: float, pause: float) -> None:
    assert watch.pause_after(seconds) == pytest.approx(pause)


async def test_files_are_counted_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop_runs, scan = threading.Event(), os.scandir

    def waiting(path: str) -> object:
        assert loop_runs.wait(SECONDS)
        return scan(path)

    monkeypatch.setattr(os, "scandir", waiting)
    counting = asyncio.create_task(measure(tmp_path, most_files=10))
    asyncio.get_running_loop().call_soon(loop_runs.set)
    assert (await counting).files == 0


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
async def test_a_directory_that_is_closed_to_the_worker_breaks_the_limit(mode: int) -> None:
    """Whose worker is root sees through it."""
    top = Path("/tmp") / f"ffmill-test-{os.getpid()}"  # below tmp_path an ordinary user may not walk
    (top / "closed").mkdir(parents=True)
    (top / "closed/file").touch()
    user, root = os.geteuid() or 234_567, os.geteuid() == 0
    try:
        for path in (top / "closed", top) if root else ():
            os.chown(path, user, user)
        (top / "closed").chmod(mode)
        assert (await as_user(user, top)).hidden
    finally:
        (top / "closed").chmod(0o700)
        shutil.rmtree(top)


async def as_user(user: int, top: Path) -> usage.Usage:
    before = os.geteuid()
    os.seteuid(user)
    try:
        return await measure(top, most_files=10)
    finally:
        os.seteuid(before)


def test_a_command_that_is_quicker_than_the_watch_is_judged_by_its_peak(tmp_path: Path) -> None:
    """In a process of its own: only what exceeds the worker's own peak is known for sure."""
    program = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol
from ffmill.config import Settings
from ffmill.sandbox import watch
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

watch.PAUSE_SECONDS = 999

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), ffmpeg=Path(sys.argv[2]), ffprobe=Path("/bin/rm"))
    limits = replace(Limits.of(settings), memory_bytes=256 << 20)
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace, sandbox.cage(workspace) as cage:
        print((await cage.run(["EVIL"], limits)).limit)

asyncio.run(main())
"""
    evil = tmp_path / "evil"
    evil.write_text(SHELLS["full"] + SCRIPT + "fill; b=$a$a$a$a$a$a$a$a; b=$b$b$b$b$b$b$b$b; b=$b$b$b$b$b; :")
    evil.chmod(0o755)
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "data", evil], check=True, capture_output=True, text=True
    )
    assert ran.stdout == "the command needed more than 256 MiB of memory (FFMILL_MAX_MEMORY_BYTES)\n"


async def test_the_peak_of_a_large_worker_is_not_its_commands(full: Bench) -> None:
    held = bytearray(os.urandom(MIB)) * 300
    run = await full.run("-f lavfi -i anullsrc -t 0.1 -f null -", limits=replace(full.limits, memory_bytes=200 * MIB))
    assert run.exit.limit is None
    assert len(held) == 300 * MIB


async def test_a_file_that_is_deleted_and_mapped_ends_the_command(tmp_path: Path) -> None:
    make, unlink = (2, (b"held\0", 0o102, 0o600)), (87, (b"held\0",))
    hold = [Call(*make), Call(1, (3, bytes(4096), 4096)), Call(9, (0, 4096, 1, 2, 3, 0)), Call(3, (3,)), Call(*unlink)]
    evil = tmp_path / "evil"
    evil.write_bytes(program([*hold, Call(35, (struct.pack("<qq", SECONDS, 0), 0))]))
    evil.chmod(0o755)
    for level in ("full", "landlock"):
        settings = Settings(data_dir=tmp_path / level, sandbox=level, ffprobe=evil)
        async with Sandbox.open(settings, 1) as sandbox, asyncio.timeout(SECONDS):
            run = await Bench(sandbox, Limits.of(settings)).run([], program="ffprobe")
        assert run.exit.limit == Limits.of(settings).hidden_sentence()
