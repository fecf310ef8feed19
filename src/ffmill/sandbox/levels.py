"""The levels of confinement, and the one without a cage; each tells how a cage is entered."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import structlog

from ffmill import programs
from ffmill.config import Settings
from ffmill.sandbox import fonts, gpu, root
from ffmill.sandbox.cage import Door
from ffmill.sandbox.cores import Cores
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.spawned import Program
from ffmill.sandbox.workspace import Workspace

LOG = structlog.stdlib.get_logger()

Name = Literal["full", "landlock", "off"]


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
class Confining:
    """What the levels with a cage have in common: users of the slots, where the worker may change users."""

    worker: Path  # the worker's directory
    reached: Path  # where a slot's user reaches it
    users: range | None
    cores: Cores

    def uid(self, slot: int) -> int | None:
        """Of the block that this worker claimed."""
        return None if self.users is None else self.users[slot]

    def root(self, workspace: Workspace) -> Path:
        """Where a slot's user reaches the workspace."""
        return self.reached / workspace.root.relative_to(self.worker)


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
        start = Program(
            argv=(*tie, str(root.SH)),
            environment=self.environment,
            directory=workspace.work,
            cores=self.cores.of_slot(workspace.slot),
        )
        named: dict[Literal["ffmpeg", "ffprobe"], str] = {"ffmpeg": str(self.ffmpeg), "ffprobe": str(self.ffprobe)}
        return Door(
            start=start,
            programs=named,
            writable=(workspace.work,),
            count_threads=False,  # which would count all that our user runs
            bound_addresses=self.bound_addresses,
        )


@contextmanager
def off(settings: Settings, scratch: Scratch, worker: Path, found: Gpu | None) -> Generator[Off]:
    """Without a cage; the GPU is there for everybody."""
    del scratch
    LOG.warning("FFMILL_SANDBOX=off: commands run without a cage, with all that the worker's user may do")
    configuration, cache = worker / "fonts.conf", worker / "fonts-cache"
    drivers = gpu.told(found)
    if odd := root.odd_directories(found.libraries if found else ()):
        drivers["LD_LIBRARY_PATH"] = odd
    configuration.write_text(fonts.config([fonts.OURS, *fonts.of_host()], [cache]))
    yield Off(
        ffmpeg=programs.ffmpeg(settings).absolute(),
        ffprobe=programs.ffprobe(settings).absolute(),
        environment={"HOME": str(worker), "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(configuration), **drivers},
        cores=Cores.of(settings),
        bound_addresses=found is None,
    )
