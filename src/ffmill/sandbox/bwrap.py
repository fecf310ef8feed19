"""bubblewrap's argument list: what a cage may see and do. This is the security boundary of ffmill."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ffmill.sandbox.gpu import Gpu

WRITABLE = (Path("/job"), Path("/tmp"))  # noqa: S108  # the cage's own
NOBODY = "65534"
# Of a /proc, what may be written by the host's root, whom a user namespace may hide behind another id: the mode of
# these directories hides that of the files in them from bwrap, which leaves them as they are then.
COVERED = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "pressure", "driver")


@dataclass(frozen=True, kw_only=True, slots=True)
class Walls:
    """What every cage of a worker has in common, by paths that a slot's user can reach."""

    bwrap: Path
    root: Path  # the read-only root of our own
    ffmpeg: Path
    ffprobe: Path
    fonts: Mapping[Path, Path]  # directories of the host, by where they lie, and where they are shown too
    gpu: Gpu | None = None  # of the host, in pools that have one


def argv(walls: Walls, *, work: Path, inputs: Path, tmp: Path) -> list[str]:
    """The argument list that runs `sh` in a cage on a job's directory; `--as-pid-1`: what it becomes is pid 1.

    As pid 1 nothing can outlive it, its CPU and memory are told by wait4 on bwrap, and a file that grows too large is
    an error to it instead of a deadly signal.
    """
    return [
        str(walls.bwrap),
        *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "ffmill", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--as-pid-1"),
        *("--ro-bind", str(walls.root), "/"),
        *("--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom"),
        *("--bind", str(tmp), "/tmp"),  # noqa: S108  # on disk, where it is counted; ffmpeg's `cache:` writes there
        *("--ro-bind", str(walls.ffmpeg), "/ffmpeg", "--ro-bind", str(walls.ffprobe), "/ffprobe"),
        *(word for shown, path in walls.fonts.items() for word in ("--ro-bind", str(path), str(shown))),
        *(_gpu(walls.gpu) if walls.gpu else ()),
        *("--bind", str(work), "/job", "--ro-bind", str(inputs), "/job/inputs", "--chdir", "/job"),
        *("--", "/sh"),
    ]


def _gpu(gpu: Gpu) -> Iterator[str]:
    """More of the host than other cages see; what it is for, `gpu.py` tells."""
    yield from ("--proc", "/proc")
    for name in COVERED:
        yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    for device in gpu.devices:
        yield from ("--dev-bind", str(device), str(device))
    for directory in gpu.facts:
        yield from ("--ro-bind", str(directory), str(directory))
    for shown, path in gpu.libraries.items():
        yield from ("--ro-bind", str(path), str(shown))
