"""Scratch directories: what is made in them is always removed, and nothing else."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.jobs.spill import spill
from ffmill.sandbox.removal import remove
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.usage import measure
from tests.integration.sandbox.conftest import Bench, is_alive, until

HOLDER = """
import os, signal, sys
from pathlib import Path
from ffmill.sandbox.scratch import Scratch
with Scratch(Path(sys.argv[1])).worker() as directory:
    (directory / "0-0").mkdir()
    print(directory, flush=True)
    sys.stdin.read()
"""


async def test_a_workspace_is_removed_with_all_that_is_in_it(bench: Bench) -> None:
    async with bench.sandbox.workspace(1) as workspace:
        fill_oddly(workspace.work)
        assert workspace.slot == 1
        assert {path.name for path in workspace.work.iterdir()} >= {"inputs", "outputs"}
    assert not workspace.root.exists()


async def test_a_workspace_is_removed_when_its_attempt_is_cancelled(bench: Bench) -> None:
    entered = asyncio.Event()
    roots: list[Path] = []

    async def attempt() -> None:
        async with bench.sandbox.workspace(0) as workspace:
            roots.append(workspace.root)
            entered.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(attempt())
    await entered.wait()
    running.cancel()
    await asyncio.sleep(0)  # it has begun to remove
    running.cancel()
    await asyncio.wait([running])
    await until(lambda: not roots[0].exists())


async def test_what_a_slot_writes_goes_through_no_link(bench: Bench, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    async with bench.sandbox.workspace(0) as workspace:
        (workspace.inputs / "list").symlink_to(victim)
        workspace.write("list", "mine")
        assert (workspace.inputs / "list").read_text() == "mine"
    assert victim.read_text() == "safe"


async def test_nothing_that_commands_leave_is_in_the_way_of_what_a_slot_writes(full: Bench) -> None:
    """As hls does: by `-strftime_mkdir` it makes directories of any name."""
    graph = f"metadata=add:key=k:value={'x' * 140_000}"
    words, files = spill(["-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", "-vf", graph, "outputs/a.png"])
    async with full.sandbox.workspace(0) as workspace:
        for name in files:
            (workspace.work / name / "full").mkdir(parents=True)
        for _ in range(2):  # commands of one job, with the same place for it
            for name, text in files.items():
                workspace.write(name, text)
            async with full.sandbox.cage(workspace) as cage:
                run = await full.run_in(cage, workspace, list(words))
            assert run.exit.code == 0, run.log


def test_removal_follows_no_links(tmp_path: Path) -> None:
    outside, top = tmp_path / "outside", tmp_path / "top"
    outside.mkdir()
    (outside / "kept").touch()
    top.mkdir()
    (top / "link").symlink_to(outside)
    (top / "hard").hardlink_to(outside / "kept")
    remove(top)
    assert not top.exists()
    assert (outside / "kept").exists()
    (tmp_path / "alias").symlink_to(outside)
    remove(tmp_path / "alias")
    assert (outside / "kept").exists()


def test_a_tree_deeper_than_any_path_may_be_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    held = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("ab", dir_fd=held)
        inner = os.open("ab", os.O_RDONLY, dir_fd=held)
        os.close(held)
        held = inner
    os.close(held)
    remove(top)
    assert not top.exists()


def test_removing_what_is_gone_is_no_error(tmp_path: Path) -> None:
    remove(tmp_path / "never was")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts; needs root")
def test_removal_enters_no_mount(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from ffmill.sandbox.mounts import reachable
from ffmill import libc
from ffmill.sandbox import mounts
from ffmill.sandbox.removal import remove
top, outside = Path(sys.argv[1]), Path(sys.argv[2])
mounts.place()
libc.call("mount", bytes(outside), bytes(top / "inputs"), None, mounts.MS_BIND, None)
remove(top)
"""
    outside, top = tmp_path / "outside", tmp_path / "top"
    (top / "inputs").mkdir(parents=True)
    (top / "a").touch()
    outside.mkdir()
    (outside / "kept").touch()
    subprocess.run([sys.executable, "-c", program, top, outside], check=True)
    assert (outside / "kept").exists()
    assert not (top / "a").exists()


async def test_use_of_disk_is_counted_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(bytes(1 << 20))
    (tmp_path / "loop").symlink_to(tmp_path)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    usage = await measure(tmp_path, most_files=100)
    assert 1 << 20 <= usage.bytes < 2 << 20
    assert usage.files == 4


async def test_a_file_with_several_names_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1").write_bytes(bytes(1 << 20))
    for number in range(2, 9):
        (tmp_path / f"a/{number}").hardlink_to(tmp_path / "a/1")
    usage = await measure(tmp_path, most_files=100)
    assert 1 << 20 <= usage.bytes < 2 << 20
    assert usage.files == 9


async def test_counting_ends_at_the_most_files(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert (await measure(tmp_path, most_files=10)).files == 11


async def test_counting_survives_a_directory_that_vanishes(tmp_path: Path) -> None:
    assert (await measure(tmp_path / "gone", most_files=10)).files == 0


async def test_a_dead_workers_leftovers_are_swept_and_a_living_ones_are_not(caged: Settings) -> None:
    scratch = caged.scratch_dir
    scratch.mkdir(parents=True)
    dead, living = [subprocess.Popen([sys.executable, "-c", HOLDER, scratch], stdin=-1, stdout=-1) for _ in range(2)]
    try:
        left, kept = (Path(read_line(worker)) for worker in (dead, living))
        dead.kill()
        dead.wait()
        assert left.exists()
        async with Sandbox.open(caged, 1) as sandbox:
            await sandbox.sweep()
            await until(lambda: not left.exists())
            assert (kept / "0-0").is_dir()
    finally:
        for worker in (dead, living):
            worker.kill()
            worker.communicate()


async def test_a_worker_leaves_nothing_but_the_root(caged: Settings) -> None:
    async with Sandbox.open(caged, 1):
        pass
    left = [path.name for path in caged.scratch_dir.iterdir() if path.name != ".lock"]
    assert [name[:5] for name in left] == ["root-"]


async def test_two_workers_share_one_root(caged: Settings) -> None:
    async with Sandbox.open(caged, 1), Sandbox.open(caged, 1) as second:
        await second.sweep()
        roots = list(caged.scratch_dir.glob("root-*"))
        assert len(roots) == 1
        built = roots[0].stat().st_ctime_ns
    async with Sandbox.open(caged, 1):
        assert roots[0].stat().st_ctime_ns == built


def test_a_root_that_was_not_finished_is_built_anew(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)

    def fail(root: Path) -> None:
        (root / "half").mkdir(parents=True)
        raise OSError

    with pytest.raises(OSError), scratch.root("root-a", fail):  # noqa: PT011  # the one above
        pass
    assert not (tmp_path / "root-a").exists()
    with scratch.root("root-a", Path.mkdir) as root:
        assert list(root.iterdir()) == []
    assert scratch.sweep() == [root]


def test_a_scratch_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="FFMILL_SCRATCH"):
        Scratch(tmp_path / "file/scratch")


def fill_oddly(directory: Path) -> None:
    """All kinds of files, and directories that cannot be entered."""
    os.mkfifo(directory / "fifo")
    (directory / "link").symlink_to("/etc")
    (directory / "-rf \n \udcff").touch()
    with socket.socket(socket.AF_UNIX) as server:
        old = Path.cwd()
        os.chdir(directory)  # a socket's path is short
        server.bind("socket")
        os.chdir(old)
    closed = directory / "closed/inner"
    closed.mkdir(parents=True)
    (closed / "file").touch()
    for number in range(2000):
        (directory / f"{number}").touch(mode=stat.S_IRUSR)
    for path in (closed, closed.parent):
        path.chmod(0)


def read_line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    assert is_alive(process.pid)
    return process.stdout.readline().decode().strip()


async def test_a_root_that_is_being_removed_is_nobodys(caged: Settings) -> None:
    """Not half of one, as a sweep leaves that was killed amid its work."""
    async with Sandbox.open(caged, 1):
        (root,) = caged.scratch_dir.glob("root-*")
    removing = root.rename(root.with_name(f"{root.name}.dead"))
    (removing / "sh").unlink()
    async with Sandbox.open(caged, 1) as sandbox:
        assert sandbox.level == "full"
    assert [path.name for path in caged.scratch_dir.glob("root-*")] == [root.name]
