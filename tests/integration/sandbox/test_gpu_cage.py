"""A cage with a GPU, where there is none: its parts are played by things that every host has."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ffmill import programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox.bwrap import Walls, argv
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.worker import main
from tests.integration.sandbox.conftest import QUIET, Bench, Run, until_named

ANY = Path("/dev/null")
ENDLESS = "-re -f lavfi -i testsrc2=s=64x64 -f null -"


@pytest.fixture
def fake(tmp_path: Path) -> Gpu:
    """A device that gives zeros, a library under a closed directory, and the processors."""
    library = tmp_path / "nv" / "libcuda.so.1"
    library.parent.mkdir()
    library.write_bytes(b"driver")
    library.chmod(0o755)
    facts = tuple(path for path in map(Path, ("/sys/devices/system/cpu", "/sys/devices/system/node")) if path.is_dir())
    return Gpu(devices=(Path("/dev/zero"),), libraries={library: library}, facts=facts)


async def read(bench: Bench, path: str) -> Run:
    """Lets a command copy the first bytes of a file of its cage into its directory."""
    return await bench.run(["-f", "u8", "-ar", "8000", "-ac", "1", "-i", path, "-t", "0.5", "-f", "u8", "copy"])


async def test_a_command_sees_its_device_its_library_and_its_own_processes(caged: Settings, fake: Gpu) -> None:
    async with Sandbox.open(caged, 1, gpu=fake) as sandbox:
        bench = Bench(sandbox, Limits.of(caged))
        assert (await read(bench, "/dev/zero")).files["copy"] == bytes(4000)
        assert (await read(bench, str(next(iter(fake.libraries))))).files["copy"] == b"driver"
        assert (await read(bench, "/sys/devices/system/cpu/online")).files["copy"]
        assert (await read(bench, "/proc/1/comm")).files["copy"] == b"ffmpeg\n"
        assert "No such file" in (await read(bench, f"/proc/{os.getpid()}/comm")).log
        told = (await read(bench, "/proc/self/environ")).files["copy"].split(b"\0")
    assert b"CUDA_CACHE_DISABLE=1" in told
    assert f"LD_LIBRARY_PATH={next(iter(fake.libraries)).parent}".encode() in told


async def test_a_command_may_name_its_threads_as_cuda_does_and_change_nothing_else(caged: Settings, fake: Gpu) -> None:
    async with Sandbox.open(caged, 1, gpu=fake) as sandbox:
        bench = Bench(sandbox, Limits.of(caged))
        write = "-f lavfi -i anullsrc=r=8000:cl=mono -t 0.001 -c:a pcm_u8 -f u8"
        assert (await bench.run(f"{write} /proc/self/comm")).exit.code == 0
        for path in ("/proc/sys/kernel/hostname", "/sys/devices/system/cpu/online", str(next(iter(fake.libraries)))):
            assert (await bench.run(f"{write} {path}")).exit.code != 0, path


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root, and unshare")
def test_the_hosts_root_under_another_name_can_write_nothing_in_proc_either(tmp_path: Path) -> None:
    """In a user namespace that hides it, as some containers have it, the kernel lets it write to its /proc/sys."""
    (tmp_path / "work").mkdir()
    mapped = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    gpu = Gpu(devices=(), libraries={}, facts=())
    walls = Walls(bwrap=programs.bwrap(), root=Path("/"), ffmpeg=ANY, ffprobe=ANY, fonts={}, gpu=gpu)
    words = argv(walls, work=tmp_path / "work", inputs=tmp_path / "work", tmp=tmp_path)
    cage = [*words[: words.index("/tmp") - 2], *words[words.index("--proc") : words.index("--bind")]]
    find = "/usr/bin/find /proc -maxdepth 4 -type f -writable -not -path /proc/[0-9]*/* -not -path /proc/*self/*"
    ran = subprocess.run([*mapped, *cage, "--", *find.split()], check=False, capture_output=True, text=True)
    assert ran.stdout == "", ran.stdout
    assert "bwrap" not in ran.stderr


@pytest.mark.parametrize("settings", ["full", "off"], indirect=True)
async def test_only_a_command_with_a_gpu_may_reserve_all_addresses(settings: Settings, fake: Gpu) -> None:
    for gpu, bound in ((fake, False), (None, True)):
        async with (
            Sandbox.open(settings, 1, gpu=gpu) as sandbox,
            sandbox.workspace(0) as workspace,
            sandbox.cage(workspace) as cage,
        ):
            running = asyncio.create_task(cage.run([*QUIET, *ENDLESS.split()], Limits.of(settings)))
            await until_named(cage, "ffmpeg")
            limits = Path(f"/proc/{cage.pid}/limits").read_text()
            running.cancel()
            await asyncio.wait([running])
        assert bool(re.search(r"Max address space\s+unlimited", limits)) is not bound
        assert not re.search(r"Max data size\s+unlimited", limits)


async def test_other_cages_see_nothing_of_it(full: Bench) -> None:
    for path in ("/proc/1/comm", "/proc/self/comm", "/sys/devices/system/cpu/online", "/dev/zero"):
        assert "No such file" in (await read(full, path)).log


async def test_a_container_that_covers_proc_is_told_apart(
    caged: Settings, fake: Gpu, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text(
        '#!/bin/sh\necho "bwrap: Can\'t mount proc on /newroot/proc: Operation not permitted" >&2; exit 1\n'
    )
    bwrap.chmod(0o755)
    monkeypatch.setattr(programs, "bwrap", lambda: bwrap)
    with pytest.raises(CannotStart, match="run this worker on the host; or set FFMILL_SANDBOX=off"):
        async with Sandbox.open(caged, 1, gpu=fake):
            pass


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="a GPU is here")
def test_a_worker_for_a_pool_with_gpus_does_not_start_without_one(settings: Settings) -> None:
    for machine in ("nvidia", "nvidia-l4"):
        with pytest.raises(CannotStart, match=r"/dev/nvidia0, libcuda.so.1.* install the NVIDIA driver"):
            main.run(settings, machine=machine)


@pytest.mark.parametrize("settings", ["landlock"], indirect=True)
async def test_a_cage_by_landlock_has_no_gpu(settings: Settings, fake: Gpu) -> None:
    with pytest.raises(CannotStart, match="Landlock gives no cage a GPU; or set"):
        async with Sandbox.open(settings, 1, gpu=fake):
            pass
