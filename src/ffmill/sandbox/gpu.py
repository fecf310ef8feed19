"""What a command needs of the host to use its NVIDIA GPUs: device nodes, the driver's libraries, facts about both.

Device nodes: nvidia-container-toolkit passes the same. `nvidia-uvm-tools` is opened by cuInit from driver 570 on.

Libraries: FFmpeg loads libcuda, libnvcuvid and libnvidia-encode by name (nv-codec-headers, dynlink_loader.h), and those
load the compilers of CUDA's kernels; libnvidia-container lists them (src/nvc_info.c: compute_libs, video_libs). The
kernels of FFmpeg's filters are compiled when it is built, so NVRTC is not among them.

/proc: cuInit reads /proc/driver/nvidia, /proc/devices, /proc/modules and /proc/self, and gives its threads names, by
writing to /proc/self/task/TID/comm; where it may not, it fails with CUDA_ERROR_OPERATING_SYSTEM (NVIDIA/OpenShell,
issue 1486). So such a cage has a /proc of its own PID namespace, which shows the cage's processes and no others.

/sys: cuInit reads how processors and memory hang together (devices/system), and fails likewise where there is no /sys.
So the cage has that, the kernel modules' facts, and the GPUs' own PCI directories; not the network cards, disks and
serial numbers that the whole of /sys would show.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffmill.errors import CannotStart

MACHINE = "nvidia"
PARTS = "nvidia-caps"  # nodes of the parts of a divided GPU (MIG)
ADMINISTRATIVE = ("nvidia-cap1", "nvidia-cap2")  # but these two, which divide it and watch all parts
NODES = ("nvidiactl", "nvidia[0-9]*", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", f"{PARTS}/nvidia-cap*")
NEEDED = (Path("/dev/nvidiactl"), Path("/dev/nvidia-uvm"))
CUDA = "libcuda.so.1"
LIBRARY = re.compile(r"lib(cuda|nvcuvid|nvidia-(encode|ptxjitcompiler|nvvm\d*|gpucomp|fatbinaryloader))\.so\.[\d.]+")
CACHED = re.compile(r"^\s*(\S+) \(([^)]*)\) => (/\S+)$", re.MULTILINE)  # `libcuda.so.1 (libc6,x86-64) => /lib/…`
PROCESSOR = {"x86_64": "x86-64", "aarch64": "AArch64"}  # as the loader's cache calls it
UNCACHED = (Path("/usr/local/nvidia/lib64"), Path("/run/opengl-driver/lib"))  # GKE and containers; NixOS
FACTS = ("devices/system/cpu", "devices/system/node", "module/nvidia", "module/nvidia_uvm")
TOLD = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
LDCONFIG_SECONDS = 20
GO_ON = (
    "install the NVIDIA driver with its CUDA and video libraries, and load it by `nvidia-modprobe -u -c 0`"
    " (in a container: start it with `--gpus all` and NVIDIA_DRIVER_CAPABILITIES=compute,video,utility),"
    " or run this worker with `--machine cpu`"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """What is passed into a cage, by where it lies on the host."""

    devices: tuple[Path, ...]
    libraries: Mapping[Path, Path]  # by where the loader finds them, and where they can be reached
    facts: tuple[Path, ...]  # directories below /sys

    @property
    def missing(self) -> list[str]:
        """What CUDA cannot do without; empty when all of it is there."""
        nodes = [str(path) for path in NEEDED if path not in self.devices]
        if not any(re.fullmatch(r"nvidia\d+", path.name) for path in self.devices):
            nodes.append("/dev/nvidia0")
        return nodes if CUDA in (path.name for path in self.libraries) else [*nodes, CUDA]


def serves(machine: str) -> bool:
    """Whether a pool of this name has GPUs: `nvidia`, and whatever begins with `nvidia-`."""
    return machine == MACHINE or machine.startswith(f"{MACHINE}-")


def of_host() -> Gpu:
    """What this host has; raises CannotStart, saying what is missing and how to go on, where that is not enough."""
    told = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    found = find(Path("/"), _loader_cache(), [*(Path(path) for path in told if path.startswith("/")), *UNCACHED])
    if missing := found.missing:
        raise CannotStart(f"a worker with a GPU needs {', '.join(missing)}, which this host does not have: {GO_ON}")
    return found


def find(root: Path, cache: str, directories: Sequence[Path] = (), *, processor: str | None = None) -> Gpu:
    """What a host has whose files lie below `root`, whose loader's cache is told by `cache` (`ldconfig -p`), and which
    has libraries in `directories` too."""
    named = PROCESSOR.get(processor or platform.machine(), "")
    libraries: dict[str, Path] = {}
    for name, path in [*_cached(cache, named), *_lying_in(root, directories)]:
        if name not in libraries and _below(root, path).exists():
            libraries[name] = path
    return Gpu(
        devices=tuple(_nodes(root)),
        libraries={path: path for path in libraries.values()},
        facts=tuple(path for path in _facts(root) if _below(root, path).is_dir()),
    )


def is_there(root: Path = Path("/")) -> bool:
    """Whether the host has an NVIDIA device at all."""
    return next(_nodes(root), None) is not None


def describe(root: Path = Path("/")) -> str:
    """The GPUs and their driver, as the driver tells them (/proc/driver/nvidia)."""
    told = _below(root, Path("/proc/driver/nvidia"))
    models = [
        match[1]
        for path in sorted(told.glob("gpus/*/information"))
        if (match := re.search(r"Model:\s*(.+)", _read(path)))
    ]
    version = re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", _read(told / "version"))
    return f"{', '.join(models) or 'a GPU of unknown model'}; driver {version[1] if version else 'of unknown version'}"


def environment(worker: Mapping[str, str]) -> dict[str, str]:
    """What CUDA is told in a cage: which of the GPUs the worker has been given, and to keep no cache of kernels, which
    would end with the cage."""
    return {"CUDA_CACHE_DISABLE": "1", **{name: worker[name] for name in TOLD if name in worker}}


def told(found: Gpu | None) -> dict[str, str]:
    """The same for the cages of this process; nothing where they have no GPU."""
    return environment(os.environ) if found else {}


def _nodes(root: Path) -> Iterator[Path]:
    for pattern in NODES:
        for path in sorted(_below(root, Path("/dev")).glob(pattern)):
            if path.name not in ADMINISTRATIVE:
                yield Path("/") / path.relative_to(root)


def _facts(root: Path) -> Iterator[Path]:
    yield from (Path("/sys") / name for name in FACTS)
    for gpu in sorted(_below(root, Path("/proc/driver/nvidia/gpus")).glob("*")):
        yield Path("/sys/bus/pci/devices") / gpu.name


def _cached(cache: str, processor: str) -> Iterator[tuple[str, Path]]:
    for name, kind, path in CACHED.findall(cache):
        if LIBRARY.fullmatch(name) and processor in kind.split(","):
            yield name, Path(path)


def _lying_in(root: Path, directories: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for directory in directories:
        for path in sorted(_below(root, directory).glob("lib*.so.*")):
            if LIBRARY.fullmatch(path.name):
                yield path.name, directory / path.name


def _loader_cache() -> str:
    """As ldconfig tells it; nothing where there is none."""
    try:
        command = [shutil.which("ldconfig") or "/sbin/ldconfig", "-p"]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=LDCONFIG_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
