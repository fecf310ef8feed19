"""What `ffmill doctor` tries with an NVIDIA GPU, in the cage that the jobs of such a pool get."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ffmill.cli.findings import Finding
from ffmill.config import Settings
from ffmill.errors import CannotStart, FfmillError
from ffmill.sandbox import gpu
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

GPU, DECODING, FILTERS, ENCODING = "NVIDIA GPU", "GPU decoding (NVDEC)", "CUDA filters", "GPU encoding (NVENC)"
TRY_SECONDS = 60
SOURCE = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=0.4"
UP_AND_DOWN = "format=nv12,hwupload_cuda,scale_cuda=160:120,hwdownload,format=nv12"
FRONT = "-hide_banner -nostdin -y -loglevel level+error"
# frames stay on the GPU until they are fetched from there: so nothing is done by the CPU unnoticed
TRIALS = {
    DECODING: (
        f"{SOURCE} -c:v libx264 -pix_fmt yuv420p clip.mp4",
        "-hwaccel cuda -hwaccel_output_format cuda -i clip.mp4 -vf hwdownload,format=nv12 -f null -",
    ),
    FILTERS: (f"-init_hw_device cuda {SOURCE} -vf {UP_AND_DOWN} -f null -",),
    ENCODING: (f"{SOURCE} -c:v h264_nvenc -f null -",),
}
WORKS = {DECODING: "decodes H.264", FILTERS: "scale on the GPU", ENCODING: "encodes H.264"}
NO_ENCODER = re.compile(r"unsupported device|no encode device", re.IGNORECASE)  # NVENC's words (nvenc.c)
HINTS = {
    r"Cannot load lib(nvcuvid|nvidia-encode)": "install the driver's video libraries (in a container:"
    " NVIDIA_DRIVER_CAPABILITIES=compute,video,utility)",
    r"Unknown encoder|No such filter|Unrecognized hwaccel|Unknown hwaccel": "this ffmpeg is built without: set"
    " FFMILL_FFMPEG to one that has it",
    r"does not support the required nvenc API|minimum required Nvidia driver": "install a newer NVIDIA driver",
}
ADDRESS = re.compile(r" @ 0x[0-9a-f]+|\[(error|fatal)\] ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How a trial ended."""

    well: bool
    words: str  # ffmpeg's own, when it did not end well


async def examine(settings: Settings) -> list[Finding]:
    """A finding for the GPU and for each thing it is for; none where there is no GPU and none is asked for."""
    if not gpu.is_there() and not any(map(gpu.serves, settings.machines)):
        return []
    try:
        found = gpu.of_host()
        refuse_closed(found.devices)
        said = await _try_all(settings, found)
    except FfmillError as error:
        return [Finding(name=GPU, text=error.message, mark="wrong")]
    return [Finding(name=GPU, text=gpu.describe(), mark="ok"), *judge(said)]


def refuse_closed(devices: Sequence[Path]) -> None:
    """Raises CannotStart when jobs may not open a device: those of a root worker run as users of their own."""
    nodes = [path for path in devices if path.parent.name != gpu.PARTS]  # which are read-only
    if os.geteuid() == 0:
        closed = [path for path in nodes if path.stat().st_mode & 0o006 != 0o006]
    else:
        closed = [path for path in nodes if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        raise CannotStart(
            f"{', '.join(map(str, closed))} may not be opened by the user that jobs run as: allow it by `chmod o+rw`,"
            " and for good by the driver's option NVreg_DeviceFileMode=0666"
        )


def judge(said: dict[str, Said]) -> list[Finding]:
    """A finding for each trial. An encoder that the card does not have is no fault of a GPU that does the rest."""
    findings = [_finding(name, ended) for name, ended in said.items()]
    rest_works = all(ended.well for name, ended in said.items() if name != ENCODING)
    return [
        replace(finding, mark="not there", text=f"this GPU has no encoder (as H100, H200, A100): {finding.text}")
        if finding.name == ENCODING and rest_works and NO_ENCODER.search(finding.text)
        else finding
        for finding in findings
    ]


def _finding(name: str, said: Said) -> Finding:
    if said.well:
        return Finding(name=name, text=WORKS[name], mark="ok")
    hint = next((hint for sign, hint in HINTS.items() if re.search(sign, said.words)), None)
    return Finding(name=name, text=f"{said.words}: {hint}" if hint else said.words, mark="wrong")


async def _try_all(settings: Settings, found: Gpu) -> dict[str, Said]:
    async with Sandbox.open(settings, 1, gpu=found) as sandbox:
        return {name: await _try(sandbox, commands, Limits.of(settings)) for name, commands in TRIALS.items()}


async def _try(sandbox: Sandbox, commands: Sequence[str], limits: Limits) -> Said:
    """Runs commands in one directory, up to the first that fails."""
    said = bytearray()
    try:
        async with asyncio.timeout(TRY_SECONDS), sandbox.workspace(0) as workspace:
            for command in commands:
                async with sandbox.cage(workspace) as cage:
                    done = await cage.run([*FRONT.split(), *command.split()], limits, on_stderr=said.extend)
                if done.code != 0 or done.limit:
                    return Said(well=False, words=done.limit or _gist(said.decode(errors="replace"), done.code))
    except TimeoutError:
        return Said(well=False, words=f"ffmpeg took more than {TRY_SECONDS} s")
    return Said(well=True, words="")


def _gist(said: str, code: int) -> str:
    """The first two lines, which have the cause; what follows are its effects."""
    lines = [ADDRESS.sub("", line).strip() for line in said.splitlines() if line.strip()]
    return "; ".join(lines[:2]) or f"ffmpeg exited with code {code}"
