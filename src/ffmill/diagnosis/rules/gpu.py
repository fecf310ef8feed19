"""A command asks for a GPU, and there is none that it could use."""

import re

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs import graphs
from ffmill.jobs.mending import Word
from ffmill.jobs.options import Option, set_of

WAYS = "nvenc|qsv|vaapi|amf|v4l2m2m|vulkan|videotoolbox|mf|omx|mediacodec"
ENCODER = re.compile(rf"(?P<codec>\w+)_(?:{WAYS})")
DECODER = re.compile(r"\w+_(?:cuvid|qsv|v4l2m2m|mediacodec|amf)")
COUNTERPARTS = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "mpeg2": "mpeg2video",
    "mjpeg": "mjpeg",
    "h263": "h263",
    "mpeg4": "mpeg4",
    "prores_ks": "prores_ks",
    "prores": "prores_ks",
    "ffv1": "ffv1",
}
_CODECS = set_of("c codec vcodec")
_DEVICES = set_of(
    "hwaccel hwaccel_device hwaccel_output_format init_hw_device filter_hw_device vaapi_device qsv_device"
)
_FILTER = re.compile(r"\w+_(?:cuda|npp|vaapi|qsv|vulkan|opencl|amf)|hwupload|hwdownload|hwmap")
_NVIDIA = re.compile(r"nvenc|cuda|cuvid|npp")
# What every encoder understands alike, so that another one may stand in.
_PLAIN = (
    _CODECS
    | _DEVICES
    | set_of(
        """
    acodec scodec b ab ac ar af vf filter filter_complex lavfi map map_metadata metadata f t to ss r s aspect an vn sn
    dn g movflags pix_fmt frames vframes shortest hls_time hls_list_size hls_segment_filename threads y
    """
    )
)


def _no_gpu(clue: Clue) -> Finding:
    return Finding(
        code=FailureCode.GPU_UNAVAILABLE,
        summary=f"{_asked(clue.scene) or 'the command'} needs a GPU, and none of that kind is here",
        hint=_hint(clue.scene),
        mended=_without(clue.scene),
    )


def _asked(scene: Scene) -> str:
    for option in scene.line.options:
        if option.name in _CODECS and (ENCODER.fullmatch(option.value) or DECODER.fullmatch(option.value)):
            return option.value
        if option.name in _DEVICES:
            return f"-{option.name} {option.value}"
    return next(
        (name for graph in scene.line.graphs for name, _ in graphs.filters(graph) if _FILTER.fullmatch(name)), ""
    )


def _hint(scene: Scene) -> str:
    writes = [_advice(option) for option in scene.line.options]
    filters = [name for graph in scene.line.graphs for name, _ in graphs.filters(graph) if _FILTER.fullmatch(name)]
    said = "; ".join(dict.fromkeys(filter(None, [*writes, *map(_plain_filter, filters)])))
    nvidia = _NVIDIA.search(_asked(scene)) and scene.case.job.machine == "cpu"
    more = '; for an NVIDIA GPU, send the job with "machine": "nvidia", where the operator has one' if nvidia else ""
    return f"on a CPU: {said}{more}" if said else f"choose an encoder and filters that run on a CPU{more}"


def _plain_filter(name: str) -> str:
    plain = name.rpartition("_")[0]
    return f"leave {name} out" if plain in ("", "hwupload") else f"write {plain} in place of {name}"


def _advice(option: Option) -> str:
    if option.name in _DEVICES:
        return f"leave -{option.name} out"
    if option.name in _CODECS and (encoder := counterpart(option.value)):
        return f"write {encoder} in place of {option.value}"
    if option.name in _CODECS and DECODER.fullmatch(option.value):
        return f"leave {option.value} out: FFmpeg finds a decoder by itself"
    return ""


def counterpart(encoder: str) -> str | None:
    """The encoder for a CPU that writes what this one for a GPU writes."""
    found = ENCODER.fullmatch(encoder)
    return COUNTERPARTS.get(found["codec"]) if found else None


def _without(scene: Scene) -> tuple[Word, ...] | None:
    """The command for a CPU, where nothing in it is meant for a GPU's encoder or filters alone."""
    line, draft = scene.line, scene.draft()
    if any(_FILTER.fullmatch(name) for graph in line.graphs for name, _ in graphs.filters(graph)):
        return None
    for option in line.options:
        encoder = counterpart(option.value)
        if option.name not in _PLAIN or (encoder and scene.build and not scene.build.knows_encoder(encoder)):
            return None
        if option.name in _DEVICES or (option.name in _CODECS and not encoder and DECODER.fullmatch(option.value)):
            draft.drop(option.at, 2)
        elif option.name in _CODECS and encoder:
            draft.replace(option.at + 1, encoder)
    return draft.words


RULES = (
    Rule(r"(?:DLL )?(?:Cannot load )?lib(?:cuda|nvcuvid|nvidia-encode|amfrt\d*)\.so", _no_gpu),
    Rule(r"No NVENC capable devices found|OpenEncodeSessionEx failed|No capable devices found", _no_gpu),
    Rule(r"Error (?:creating a|initializing an internal) MFX session", _no_gpu),
    Rule(r"No VA display found|Failed to initialise VAAPI connection", _no_gpu),
    Rule(r"Could not find a valid device", _no_gpu),
    Rule(r"No device available for decoder|Hardware device setup failed", _no_gpu),
    Rule(r"A hardware (?:device|frames) reference is required|Failed to create +hardware device", _no_gpu),
    Rule(r"dst: (?:cuda|vaapi|vulkan|qsv|opencl|drm_prime|amf)\b", _no_gpu),
    Rule(r"Device creation failed", _no_gpu),
)
