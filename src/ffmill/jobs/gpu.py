"""Which words of a command need an NVIDIA GPU, and what to write for a CPU."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ffmill.jobs import graphs, options
from ffmill.jobs.options import Option

_CODECS = frozenset({"c", "codec", "vcodec"})
_CODEC = re.compile(r"(?P<codec>\w+)_(?P<way>nvenc|cuvid)|nvenc(?:_(?P<old>h264|hevc))?")
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
_FILTER = re.compile(r"(?P<filter>\w+)_(?:cuda|npp)")
_FILTERS = {"sharpen": "unsharp"}
_DEVICE = re.compile(r"(?:cuda|cuvid|nvdec)\b")  # of -init_hw_device also cuda=name:0
_DEVICES = {
    "hwaccel": "leave -hwaccel out",
    "hwaccel_output_format": "leave -hwaccel_output_format out",
    "init_hw_device": "leave -init_hw_device out",
    "pix_fmt": "write -pix_fmt yuv420p",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuNeed:
    """A word that needs an NVIDIA GPU."""

    word: str  # as "h264_nvenc", or "-hwaccel cuda"
    counterpart: str  # what to do on a CPU, as "write libx264"


def needs(argvs: Sequence[Sequence[str]]) -> GpuNeed | None:
    """The first thing that needs an NVIDIA GPU, where it stands as codec, filter or device; None where nothing does."""
    return next((need for argv in argvs for need in _needs_of(options.read(argv))), None)


def _needs_of(line: options.Line) -> Iterator[GpuNeed]:
    for option in line.options:
        yield from _option(option)
    for graph in line.graphs:
        for name, _ in graphs.filters(graph):
            yield from _filter(name)


def _option(option: Option) -> Iterator[GpuNeed]:
    if option.name in _DEVICES and _DEVICE.match(option.value):
        yield GpuNeed(word=f"-{option.name} {option.value}", counterpart=_DEVICES[option.name])
    elif option.name in _CODECS and (found := _CODEC.fullmatch(option.value)):
        yield GpuNeed(word=option.value, counterpart=_codec(found))


def _codec(found: re.Match[str]) -> str:
    if found["way"] == "cuvid":
        return f"leave {found[0]} out: ffmpeg finds a decoder by itself"
    codec = found["codec"] or found["old"] or "h264"
    return f"write {_ENCODERS.get(codec, 'libx264')}"


def _filter(name: str) -> Iterator[GpuNeed]:
    if found := _FILTER.fullmatch(name):
        plain = found["filter"]
        counterpart = "leave it out" if plain == "hwupload" else f"write {_FILTERS.get(plain, plain)}"
        yield GpuNeed(word=name, counterpart=counterpart)
