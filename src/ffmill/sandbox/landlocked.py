"""The level `landlock`: Landlock and a filter of system calls, on the host's own files; it needs no privilege."""

import platform
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ffmill import programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import fontindex, fonts, landlock, mounts, root, seccomp, uids
from ffmill.sandbox.cage import Door, Program
from ffmill.sandbox.cores import Cores
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.kept import Confined, Keeper
from ffmill.sandbox.levels import Confining
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.workspace import INPUTS, WORK, Workspace

LOADERS = "/etc/ld.so.cache"
NULL, RANDOM = "/dev/null", "/dev/urandom"


@dataclass(frozen=True, kw_only=True)
class Landlocked(Confining):
    """Cages made by a keeper, as the slot's user where the worker may change users."""

    keeper: Keeper
    programs: dict[Program, str]
    name: Literal["landlock"] = "landlock"

    def door(self, workspace: Workspace) -> Door:
        """Through the keeper."""
        root = self.root(workspace)
        return Door(
            start=Confined(
                keeper=self.keeper,
                directory=root / WORK,
                inputs=root / INPUTS,
                uid=self.uid(workspace.slot),
                cores=self.cores.of_slot(workspace.slot),
            ),
            programs=self.programs,
            writable=(root / WORK,),
            count_threads=self.users is not None,  # else it would count all that our user runs
        )


@contextmanager
def landlocked(settings: Settings, scratch: Scratch, worker: Path, found: Gpu | None) -> Generator[Landlocked]:
    """Cages by Landlock; raises CannotStart where the kernel has none, and for a GPU, which they cannot have."""
    del scratch
    check(found)
    ffmpeg, ffprobe = programs.ffmpeg(settings).resolve(), programs.ffprobe(settings).resolve()
    libraries = root.libraries((ffmpeg, ffprobe, root.SH))
    hosts = fonts.of_host()
    configuration, index = worker / "fonts.conf", worker / "fonts-index"
    index.mkdir()
    with uids.claim() as users, mounts.within_reach([worker, ffmpeg, ffprobe, fonts.OURS, *hosts], users) as at:
        shown = [at[fonts.OURS], *(at[host] for host in hosts)]
        configuration.write_text(fonts.config(shown, [at[worker] / index.name]))
        told = {"HOME": "/", "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(at[worker] / configuration.name)}
        fontindex.build_plainly(ffmpeg, told, index)
        common = {
            "program": str(root.SH),
            "environment": told,
            "readable": [*map(str, (*shown, told["FONTCONFIG_FILE"], at[worker] / index.name)), LOADERS, RANDOM],
            "writable": [NULL],
            "executable": [*map(str, (at[ffmpeg], at[ffprobe], root.SH.resolve(), *libraries))],
        }
        with Keeper.open(common, seccomp.program(settings.seccomp)) as keeper:
            yield Landlocked(
                keeper=keeper,
                programs={"ffmpeg": str(at[ffmpeg]), "ffprobe": str(at[ffprobe])},
                worker=worker,
                reached=at[worker],
                users=users,
                cores=Cores.of(settings),
            )


def check(found: Gpu | None) -> None:
    """Raises CannotStart where this level is not to be had."""
    if platform.system() != "Linux" or landlock.version() == 0:
        raise CannotStart(
            "this kernel has no Landlock: it is in Linux 5.13 and newer, where `landlock` stands among the `lsm=` of "
            "the kernel's command line"
        )
    if found is not None:
        raise CannotStart("Landlock gives no cage a GPU")
