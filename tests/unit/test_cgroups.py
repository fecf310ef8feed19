"""Control groups, on trees of files like those of the kernel: which group is taken, and what is written there."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from ffmill.sandbox.cgroups import Groups
from ffmill.sandbox.limits import Limits

LIMITS = Limits(file_bytes=1, job_bytes=1, memory_bytes=1 << 30, threads=99)
MEMORY = "the command needed more than 1 GiB of memory (FFMILL_MAX_MEMORY_BYTES)"
THREADS = "the command started more than 99 threads (FFMILL_MAX_THREADS)"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host's hierarchies, and what its /proc says of this process."""

    root: Path
    proc: Path

    @property
    def own(self) -> Path:
        """This worker's group below its own one."""
        return self.root / f"ffmill-{os.getpid()}"


def unified(tmp_path: Path, *, controllers: str = "cpu memory pids", inside: str = "", path: str = "/s") -> Host:
    """A host with version 2, whose group of ours is `root`."""
    root, proc = tmp_path / "cgroup" / path.strip("/"), tmp_path / "proc"
    for directory in (root, proc):
        directory.mkdir(parents=True)
    (root / "cgroup.controllers").write_text(controllers)
    (root / "cgroup.subtree_control").write_text("")
    (root / "cgroup.procs").write_text(inside)
    (proc / "cgroup").write_text(f"0::{path}\n")
    (proc / "mountinfo").write_text(f"31 23 0:28 / {tmp_path}/cgroup rw,nosuid - cgroup2 cgroup2 rw\n")
    return Host(root=root, proc=proc)


def by_controller(tmp_path: Path) -> Host:
    """A host with version 1, in a container that sees its own groups alone."""
    root, proc = tmp_path, tmp_path / "proc"
    mounts: list[str] = []
    for name in ("memory", "pids"):
        (tmp_path / name).mkdir()
        mounts.append(f"35 31 0:31 /docker/x {tmp_path}/{name} rw - cgroup cgroup rw,{name}")
    proc.mkdir()
    (proc / "cgroup").write_text("5:memory:/docker/x\n4:pids:/docker/x\n0::/\n")
    (proc / "mountinfo").write_text("\n".join(mounts))
    return Host(root=root, proc=proc)


@pytest.fixture
def delegated(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by systemd's Delegate=yes."""

    def getxattr(_: Path, name: str) -> bytes:
        return b"1" if name == "user.delegate" else b""

    monkeypatch.setattr(os, "getxattr", getxattr)


@pytest.mark.usefixtures("delegated")
def test_version_2_moves_our_processes_into_a_leaf_and_shares_its_controllers_out(tmp_path: Path) -> None:
    host = unified(tmp_path, inside="12\n34\n")
    with Groups.open(host.proc) as groups:
        assert groups
        assert groups.version == 2
        assert (host.root / "ffmill" / "cgroup.procs").read_text() == "34"  # the last that was moved
        assert (host.root / "cgroup.subtree_control").read_text() == "+memory +pids"
        assert (host.own / "cgroup.subtree_control").read_text() == "+memory +pids"


@pytest.mark.usefixtures("delegated")
def test_a_command_is_moved_and_limited(tmp_path: Path) -> None:
    host = unified(tmp_path)
    with Groups.open(host.proc) as groups:
        assert groups
        group = groups.group()
        group.take(4711)
        (host.own / "0" / "memory.swap.max").touch()
        group.limit(LIMITS)
        written = {path.name: path.read_text() for path in (host.own / "0").iterdir()}
    assert written == {
        "cgroup.procs": "4711",
        "memory.max": str(1 << 30),
        "memory.swap.max": "0",
        "pids.max": "99",
    }


@pytest.mark.usefixtures("delegated")
def test_what_the_kernel_counted_names_the_limit(tmp_path: Path) -> None:
    host = unified(tmp_path)
    with Groups.open(host.proc) as groups:
        assert groups
        group = groups.group()
        group.take(4711)
        assert group.breach(LIMITS, 1) is None
        (host.own / "0" / "memory.events").write_text("low 0\noom 0\noom_kill 0\n")
        (host.own / "0" / "pids.events").write_text("max 3\n")
        assert group.breach(LIMITS) is None
        assert group.breach(LIMITS, 1) == THREADS
        (host.own / "0" / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
        assert group.breach(LIMITS) == MEMORY


@pytest.mark.usefixtures("delegated")
def test_a_second_worker_finds_the_group_that_the_first_has_shared_out(tmp_path: Path) -> None:
    host = unified(tmp_path, path="/s/ffmill")
    above = host.root.parent
    (above / "cgroup.subtree_control").write_text("memory pids")
    with Groups.open(host.proc) as groups:
        assert groups
        assert (above / f"ffmill-{os.getpid()}").is_dir()


def test_a_group_that_nobody_has_handed_to_us_is_left_alone(tmp_path: Path) -> None:
    host = unified(tmp_path, inside="12\n")
    with Groups.open(host.proc) as groups:
        assert groups is None
    assert [path.name for path in host.root.iterdir() if path.is_dir()] == []


@pytest.mark.usefixtures("delegated")
def test_without_the_controllers_there_are_no_groups(tmp_path: Path) -> None:
    with Groups.open(unified(tmp_path, controllers="cpu io").proc) as groups:
        assert groups is None


def test_without_a_proc_there_are_no_groups(tmp_path: Path) -> None:
    with Groups.open(tmp_path) as groups:
        assert groups is None


def test_version_1_has_a_group_for_each_controller(tmp_path: Path) -> None:
    host = by_controller(tmp_path)
    with Groups.open(host.proc) as groups:
        assert groups
        assert groups.version == 1
        group = groups.group()
        group.take(4711)
        group.limit(LIMITS)
        ours = f"ffmill-{os.getpid()}/0"
        assert (host.root / "memory" / ours / "memory.limit_in_bytes").read_text() == str(1 << 30)
        assert (host.root / "pids" / ours / "pids.max").read_text() == "99"
        for controller in ("memory", "pids"):
            assert (host.root / controller / ours / "cgroup.procs").read_text() == "4711"


def test_groups_of_dead_workers_are_removed_and_those_of_the_living_stay(tmp_path: Path) -> None:
    host = by_controller(tmp_path)
    for pid in ("1", "4194305"):  # one is always there, the other beyond the greatest there may be
        (host.root / "memory" / f"ffmill-{pid}" / "0").mkdir(parents=True)
    with Groups.open(host.proc) as groups:
        assert groups
        groups.group().take(4711)
    left = {path.name for path in (host.root / "memory").iterdir()}
    assert "ffmill-1" in left
    assert "ffmill-4194305" not in left
