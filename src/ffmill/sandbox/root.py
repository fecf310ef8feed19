"""The read-only root of the cages: `sh`, the libraries that the programs load, fonts, and places for what is bound.

root-<digest>/
  sh, lib…/               copied; ffmpeg and ffprobe are bound, they are large
  ffmpeg, ffprobe, dev/, tmp/, job/    mount points
  fonts/                  fonts of our own, their configuration, and an index of them all
  proc/, sys/, dev/nvidia…, lib…/libcuda…  mount points too, where there is a GPU
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffmill.errors import CannotStart
from ffmill.sandbox import fonts
from ffmill.sandbox.gpu import Gpu

SH = Path("/bin/sh")
LAYOUT = "1"  # to be raised when a root is built otherwise
LIBRARY_PATH = "library-path"
FONTS = Path("/fonts")
FONT_INDEX = FONTS / "cache"
TEMPORARY_INDEX = Path("/tmp/fontconfig")  # noqa: S108  # the cage's own; for fonts that the host got since
LDD_SECONDS = 20
LDD_LINE = re.compile(r"(/\S+) \(0x")  # `libm.so.6 => /lib/libm.so.6 (0x…)` and `/lib64/ld-linux.so.2 (0x…)`
SEARCHED = re.compile(r"(/usr)?/lib(64)?(/[^/]+-linux-gnu)?")  # where the loader looks without being told


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a root will hold."""

    programs: tuple[Path, ...]
    libraries: tuple[Path, ...]
    font_directories: tuple[Path, ...]  # the host's
    gpu: Gpu | None = None

    @property
    def name(self) -> str:
        """Of the root's directory; another one when anything that went into it has changed."""
        files = [*self.programs, *self.libraries, *sorted(fonts.OURS.iterdir()), *_directories(self.font_directories)]
        facts = [LAYOUT, *(f"{path} {(at := path.stat()).st_size} {at.st_mtime_ns}" for path in files)]
        facts += map(str, (*self.empty_files, *self.empty_directories))
        return "root-" + hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]

    @property
    def library_path(self) -> str:
        """Directories of libraries where the loader does not look by itself."""
        return odd_directories((*self.libraries, *(self.gpu.libraries if self.gpu else ())))

    @property
    def empty_files(self) -> tuple[Path, ...]:
        """Mount points for what a GPU needs."""
        return (*self.gpu.devices, *self.gpu.libraries) if self.gpu else ()

    @property
    def empty_directories(self) -> tuple[Path, ...]:
        """Mount points for what a GPU needs."""
        return (Path("/proc"), *self.gpu.facts) if self.gpu else ()


def plan(ffmpeg: Path, ffprobe: Path, gpu: Gpu | None = None) -> Plan:
    """What the root for these programs must hold; raises CannotStart when a library is missing."""
    programs = (ffmpeg.resolve(), ffprobe.resolve(), SH)
    loaded = set(libraries(programs))
    if gpu is not None:  # the driver's own are bound, and what they load is copied
        loaded |= set(libraries(tuple(gpu.libraries))) - gpu.libraries.keys()
    return Plan(programs=programs, libraries=tuple(sorted(loaded)), font_directories=tuple(fonts.of_host()), gpu=gpu)


def odd_directories(paths: Iterable[Path]) -> str:
    """For the loader, those of the libraries' directories where it does not look by itself; as LD_LIBRARY_PATH."""
    return ":".join(sorted({str(path.parent) for path in paths if not SEARCHED.fullmatch(str(path.parent))}))


def libraries(programs: Sequence[Path]) -> tuple[Path, ...]:
    """What the programs load, the loader itself included, as `ldd` lists it; nothing for static ones."""
    try:
        command = ["ldd", *map(str, programs)]
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LDD_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotStart(f"`ldd` does not tell which libraries ffmpeg needs ({error}): install it") from error
    if missing := re.search(r"(\S+) => not found", ran.stdout):
        raise CannotStart(f"{' or '.join(map(str, programs[:2]))} needs {missing[1]}, which is not installed")
    return tuple(sorted({Path(found) for found in LDD_LINE.findall(ran.stdout)}))


def build(planned: Plan, root: Path) -> None:
    """Makes the root in a directory that does not exist yet; every user may read it."""
    for directory in ("dev", "tmp", "job", "fonts/cache", *(str(path)[1:] for path in planned.font_directories)):
        (root / directory).mkdir(parents=True)
    for empty in ("ffmpeg", "ffprobe", "dev/null", "dev/urandom"):
        (root / empty).touch()
    for directory in planned.empty_directories:
        (root / str(directory)[1:]).mkdir(parents=True)
    for empty in planned.empty_files:
        (root / str(empty.parent)[1:]).mkdir(parents=True, exist_ok=True)
        (root / str(empty)[1:]).touch()
    for library in planned.libraries:
        _copy(library, root / str(library)[1:])
    _copy(SH, root / "sh")
    for font in fonts.OURS.iterdir():
        _copy(font, root / "fonts" / font.name)
    configuration = fonts.config([FONTS, *planned.font_directories], [FONT_INDEX, TEMPORARY_INDEX])
    (root / "fonts/fonts.conf").write_text(configuration)
    (root / LIBRARY_PATH).write_text(planned.library_path)
    _open_to_all(root)


def environment(root: Path) -> dict[str, str]:
    """What programs in the cage find in their environment: all of it."""
    told = {"HOME": "/tmp", "LANG": "C.UTF-8", "FONTCONFIG_FILE": "/fonts/fonts.conf"}  # noqa: S108
    odd = (root / LIBRARY_PATH).read_text()
    return {**told, "LD_LIBRARY_PATH": odd} if odd else told


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _open_to_all(root: Path) -> None:
    """Whatever our umask says."""
    for path, _, files in os.walk(root):
        Path(path).chmod(0o755)
        for name in files:
            Path(path, name).chmod(0o755)


def _directories(tops: Iterable[Path]) -> list[Path]:
    return sorted(Path(path) for top in tops for path, _, _ in os.walk(top))
