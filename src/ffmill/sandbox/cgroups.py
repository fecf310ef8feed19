"""Control groups: the kernel holds a command to its limits of memory and threads, where this worker may make groups.

Version 2 where its controllers are to be had, else version 1 (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/).
Elsewhere rlimits and the watch hold the limits alone.
"""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from ffmill.sandbox.limits import Limits

CONTROLLERS = ("memory", "pids")
SHARE_OUT = "+memory +pids"  # for cgroup.subtree_control
LEAF = "ffmill"  # where the processes of version 2's group go, which may have either processes or groups
PREFIX = "ffmill-"
MOVES = 10  # of processes, since new ones start meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What the files of a version are called."""

    version: int
    memory: str
    swap: str
    swap_includes_memory: bool  # whether the limit on swap is one on both together
    killed: str  # where the kernel counts what it killed for want of memory


V1 = Files(
    version=1,
    memory="memory.limit_in_bytes",
    swap="memory.memsw.limit_in_bytes",
    swap_includes_memory=True,
    killed="memory.oom_control",
)
V2 = Files(version=2, memory="memory.max", swap="memory.swap.max", swap_includes_memory=False, killed="memory.events")


class Group:
    """Of one command."""

    def __init__(self, directories: Mapping[str, Path], files: Files) -> None:
        self._directories = directories  # by controller; in version 2 it is one
        self._files = files

    def take(self, pid: int) -> None:
        """Makes the group and moves a process into it; raises OSError. It may last some milliseconds."""
        for directory in set(self._directories.values()):
            directory.mkdir()
            (directory / "cgroup.procs").write_text(str(pid))

    def limit(self, limits: Limits) -> None:
        """Sets what the group may use; raises OSError."""
        memory, files = self._directories["memory"], self._files
        (memory / files.memory).write_text(str(limits.memory_bytes))
        if (memory / files.swap).exists():  # the kernel may count none
            (memory / files.swap).write_text(str(limits.memory_bytes if files.swap_includes_memory else 0))
        (self._directories["pids"] / "pids.max").write_text(str(limits.threads))

    def breach(self, limits: Limits, code: int = 0) -> str | None:
        """The sentence on the limit to which the kernel has held a command, which ended with this exit code if it did.

        A process that could not start a thread may do without.
        """
        if self._has_counted("memory", self._files.killed, "oom_kill"):
            return limits.memory_sentence()
        if code != 0 and self._has_counted("pids", "pids.events", "max"):
            return limits.threads_sentence()
        return None

    def _has_counted(self, controller: str, file: str, event: str) -> bool:
        try:
            counted = (self._directories[controller] / file).read_text()
        except OSError:
            return False
        return re.search(rf"^{event} [1-9]", counted, re.MULTILINE) is not None

    def remove(self) -> None:
        """When nothing is in it any more; what is busy yet is removed with the worker's."""
        for directory in set(self._directories.values()):
            with suppress(OSError):
                directory.rmdir()


class Groups:
    """The groups of a worker, below one of its own."""

    def __init__(self, parents: Mapping[str, Path], files: Files) -> None:
        self._parents = parents  # by controller
        self._files = files
        self._names = count()
        self.version = files.version

    @classmethod
    @contextmanager
    def open(cls, proc: Path = Path("/proc/self")) -> Generator[Self | None]:
        """None where this process may make no groups; removed at the end."""
        made = _made(proc)
        if made is None:
            yield None
            return
        parents, files = made
        try:
            yield cls(parents, files)
        finally:
            for parent in set(parents.values()):
                _remove(parent)

    def group(self) -> Group:
        """A new one, to be made when a process is there for it."""
        name = str(next(self._names))
        return Group({controller: parent / name for controller, parent in self._parents.items()}, self._files)


def _made(proc: Path) -> tuple[dict[str, Path], Files] | None:
    own = _own(proc)
    with suppress(OSError):
        if (unified := own.get("")) and (base := _shared_out(unified)):
            parent = _parent(base)
            (parent / "cgroup.subtree_control").write_text(SHARE_OUT)
            return dict.fromkeys(CONTROLLERS, parent), V2
    with suppress(OSError):
        if all(name in own for name in CONTROLLERS):
            return {name: _parent(own[name]) for name in CONTROLLERS}, V1
    return None


def _own(proc: Path) -> dict[str, Path]:
    """This process's group in each hierarchy, by controller; "" for that of version 2 (cgroups(7), proc(5))."""
    paths = dict[str, str]()
    for line in _lines(proc / "cgroup"):
        _, names, path = line.split(":", 2)
        paths |= dict.fromkeys(names.split(","), path)
    found = dict[str, Path]()
    for line in _lines(proc / "mountinfo"):
        fields, _, kind = line.partition(" - ")
        root, place = fields.split()[3:5]
        words = kind.split()
        names = [""] if words[0] == "cgroup2" else words[-1].split(",") if words[0] == "cgroup" else []
        for name in names:
            if name in paths and (paths[name] + "/").startswith(root.rstrip("/") + "/"):
                found[name] = Path(place) / os.path.relpath(paths[name], root)
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _shared_out(own: Path) -> Path | None:
    """The group of version 2 below which groups with controllers can be made; None where there is none for us.

    Its processes go into a leaf, ours with them: only in a group that was handed to us may we do so.
    """
    if own.name == LEAF and _controls(own.parent):  # somebody of ours has been here
        return own.parent
    offered = (own / "cgroup.controllers").read_text().split()
    if not set(CONTROLLERS) <= set(offered) or not _is_ours(own):
        return None
    leaf = own / LEAF
    leaf.mkdir(exist_ok=True)
    for _ in range(MOVES):
        for pid in (own / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(pid)
        with suppress(OSError):  # a process was started meanwhile
            (own / "cgroup.subtree_control").write_text(SHARE_OUT)
            return own
    return None


def _controls(group: Path) -> bool:
    return set(CONTROLLERS) <= set((group / "cgroup.subtree_control").read_text().split())


def _is_ours(group: Path) -> bool:
    """Whether systemd has delegated it (`Delegate=yes`), or it is a container's own outermost one."""
    for name in ("user.delegate", "trusted.delegate"):
        with suppress(OSError, AttributeError):
            if os.getxattr(group, name) == b"1":
                return True
    return _lines(Path("/proc/self/cgroup")) == ["0::/"] and (group / "cgroup.events").exists()


def _parent(own: Path) -> Path:
    """A group for this worker, beside those of others; the groups of workers that have died are removed."""
    for left in own.glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX)
        if pid == str(os.getpid()) or not Path(f"/proc/{pid}").exists():  # one before us had our pid, as in containers
            _remove(left)
    parent = own / f"{PREFIX}{os.getpid()}"
    parent.mkdir(exist_ok=True)
    return parent


def _remove(parent: Path) -> None:
    with suppress(OSError):
        for group in parent.iterdir():
            with suppress(OSError):  # most are the kernel's files
                group.rmdir()
        parent.rmdir()
