"""Advice on the size of pictures: 4:2:0 video has an even width and an even height."""

import re
from collections.abc import Iterator

from ffmill.checking.finding import Advice, Remark
from ffmill.checking.written import Command, Written, outputs
from ffmill.jobs import graphs
from ffmill.jobs.options import Option, set_of

_EVEN = frozenset({"libx264", "libx265", "h264", "hevc", "libopenh264"})  # encoders that refuse an odd size
_SIZING = set_of(  # filters after which a picture may have another size
    """
    scale scale2ref zscale crop pad transpose rotate hstack vstack xstack tile zoompan overlay concat xfade cropdetect
    split tinterlace fillborders
    """
)
_SCALE = re.compile(r"(?:w(?:idth)?=)?(?P<width>-?\d+):(?:h(?:eight)?=)?(?P<height>-?\d+)(?::flags=[\w+]+)?")
_SIZE = re.compile(r"(?P<width>\d+)x(?P<height>\d+)")


def odd_size(command: Command) -> Iterator[Remark]:
    """A size that is odd, or comes out odd with some inputs."""
    for output in outputs(command):
        if output.encoder in _EVEN and (output.file.last("pix_fmt") or "yuv420p").startswith("yuv420p"):
            yield from _by_size(output)
            yield from _by_scale(output)


def _by_size(output: Written) -> Iterator[Remark]:
    for option in output.file.options:
        if option.name == "s" and (found := _SIZE.fullmatch(option.value)) and _is_odd(found):
            even = "x".join(str(int(side) // 2 * 2) for side in found.groups())
            yield _remark(output, option.value, option.at + 1, even)


def _by_scale(output: Written) -> Iterator[Remark]:
    """Only where nothing after it changes the size again."""
    sizing = [arguments for name, arguments in graphs.filters(output.graph) if name in _SIZING]
    if not sizing or output.command.complex_filters or "scale=" not in output.graph:
        return
    last = sizing[-1]
    found = _SCALE.fullmatch(last)
    if found and f"scale={last}" in output.graph and (_is_odd(found) or "-1" in found.groups()):
        option = _option(output)
        even = _even(found)
        yield _remark(output, f"scale={last}", option.at + 1, even.join(option.value.rsplit(last, 1)))


def _option(output: Written) -> Option:
    return next(
        option
        for option in reversed(output.file.options)
        if option.name in ("vf", "filter") and output.given(option, "v")
    )


def _is_odd(found: re.Match[str]) -> bool:
    return any(int(side) > 0 and int(side) % 2 for side in found.groups())


def _even(found: re.Match[str]) -> str:
    """The arguments with even sides: `-2` is what `-1` is, rounded to an even number."""
    text = found[0]
    for side in ("height", "width"):  # from the end on, so that places stay
        number = int(found[side])
        even = -2 if number == -1 else number // 2 * 2 if number > 0 else number
        text = f"{text[: found.start(side)]}{even}{text[found.end(side) :]}"
    return text


def _remark(output: Written, asked: str, at: int, replacement: str) -> Remark:
    return Remark(
        code=Advice.ODD_SIZE,
        message=f"{output.name}: by {asked} a side may be odd, and {output.encoder} takes even ones alone",
        hint="give even numbers, and -2 in place of -1",
        words=output.command.draft().replace(at, replacement).words,
    )
