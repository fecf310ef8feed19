"""How long the output of a command will be, as far as its options tell: what progress is measured against."""

import re
from collections.abc import Sequence

from ffmill.jobs import graphs, options
from ffmill.jobs.options import File, Line, set_of

_CLOCK = re.compile(r"(?P<sign>-?)(?:(?P<hours>\d{1,6}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:\.\d*)?)")
_COUNT = re.compile(r"(?P<sign>-?)(?P<count>\d{1,12}(?:\.\d*)?|\.\d+)(?P<unit>s|ms|us)?")
_LOOPS = re.compile(r"[0-9]{1,6}")  # -1 is for ever
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_RETIMING = set_of(  # filters after which an output has another length than its inputs
    """
    acrossfade aloop apad aselect asetpts atempo atrim concat framestep loop movie amovie
    rubberband segment asegment select setpts thumbnail tile tpad trim xfade zoompan
    """
)
_HARMLESS = frozenset({"PTS-STARTPTS", "expr=PTS-STARTPTS"})


def seconds(text: str) -> float | None:
    """A duration as ffmpeg writes it (ffmpeg-utils, "Time duration"), in seconds; None when it is none."""
    if found := _CLOCK.fullmatch(text):
        value = int(found["hours"] or 0) * 3600 + int(found["minutes"]) * 60 + float(found["seconds"])
    elif found := _COUNT.fullmatch(text):
        value = float(found["count"]) * _UNITS[found["unit"] or "s"]
    else:
        return None
    return -value if found["sign"] else value


def output_duration(argv: Sequence[str], input_durations: Sequence[float | None]) -> float | None:
    """The length in seconds of the longest output of `argv`, the words after `ffmpeg`; None when it cannot be known.

    `input_durations` are those of the files read, in order, before any option is applied; missing ones are unknown.
    """
    line = options.read(argv)
    known = [*input_durations, *[None] * len(line.inputs)]
    read = [_of_input(file, whole) for file, whole in zip(line.inputs, known, strict=False)]
    written = [_of_output(file, _of_sources(line, file, read)) for file in line.outputs]
    lengths = [length for length in written if length is not None]
    return max(lengths) if lengths and len(lengths) == len(written) else None


def _of_input(file: File, whole: float | None) -> float | None:
    start = _option(file, "ss") or 0.0
    if whole is not None:
        from_end = _option(file, "sseof")
        whole = min(whole, -from_end) if from_end is not None else max(0.0, whole - start)
        whole = _looped(file, whole)
    return _least(whole, _limit(file, start))


def _looped(file: File, whole: float) -> float | None:
    loops = file.last("stream_loop") or "0"
    return whole * (int(loops) + 1) if _LOOPS.fullmatch(loops) else None


def _of_sources(line: Line, output: File, read: Sequence[float | None]) -> float | None:
    """How much the inputs give: the longest one, the shortest with `-shortest`."""
    if any(
        name in _RETIMING and args not in _HARMLESS for graph in line.graphs for name, args in graphs.filters(graph)
    ):
        return None
    if output.last("shortest") is not None:
        return _least(*read)
    lengths = [length for length in read if length is not None]
    return max(lengths) if lengths and len(lengths) == len(read) else None


def _of_output(file: File, sources: float | None) -> float | None:
    if file.last("frames", "vframes", "aframes", "dframes", "fs") is not None:
        return None
    start = _option(file, "ss") or 0.0
    rest = max(0.0, sources - start) if sources is not None else None
    return _least(rest, _limit(file, start))


def _limit(file: File, start: float) -> float | None:
    """What -t says, or else -to, which counts from the beginning of the file."""
    if (length := _option(file, "t")) is not None:
        return max(0.0, length)
    end = _option(file, "to")
    return max(0.0, end - start) if end is not None else None


def _option(file: File, name: str) -> float | None:
    value = file.last(name)
    return None if value is None else seconds(value)


def _least(*lengths: float | None) -> float | None:
    return min((length for length in lengths if length is not None), default=None)
