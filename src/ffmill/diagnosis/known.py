"""What is wrong with a command, known from the lists of an FFmpeg without running it.

Said is only what surely is so: whatever the lists do not tell for sure is let pass, and FFmpeg decides. A name that no
FFmpeg of this build has is a problem even where FFmpeg would not come to look it up, as an encoder for sound that the
input does not have.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ffmill.diagnosis import known_filters, names
from ffmill.diagnosis.problem import Problem, misspelled
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build, Lists
from ffmill.jobs import options
from ffmill.jobs.names import shown
from ffmill.jobs.options import ANSWERS, FLAGS, VALUED, File, Line, Option, set_of

__all__ = ["Problem", "problems"]

MOST = 20  # problems are told: each costs a search among thousands of names

_CODECS = {"c": None, "codec": None, "vcodec": "V", "acodec": "A", "scodec": "S"}
_LEFT_OUT = {"V": "vn", "A": "an", "S": "sn"}
_KINDS = {"v": "V", "V": "V", "a": "A", "s": "S"}
_OPTION = re.compile(r"-{1,2}(?P<name>[A-Za-z][\w-]*)(?::.*)?")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")
_FRAME_RATES = set_of("passthrough cfr vfr auto")
VSYNC = {"0": "passthrough", "1": "cfr", "2": "vfr", "-1": "auto"}
_UNLISTED_PIXELS = set_of(  # other names of listed ones, and those that get the machine's byte order (pixdesc.c)
    "gray8 y8 y400a gray8a rgb32 bgr32 rgb32_1 bgr32_1 0rgb32 0bgr32 none list"
)


def problems(argv: Sequence[str], build: Build) -> list[Problem]:
    """What is wrong with a resolved command, in the order of its words; nothing where this FFmpeg knows all of them.

    At most 20 problems: each costs a search for the nearest names.
    """
    line = options.read(argv)
    if line.answers:
        return []
    return sorted(islice(_problems(argv, line, build), MOST), key=lambda problem: problem.at)


def _problems(argv: Sequence[str], line: Line, build: Build) -> Iterator[Problem]:
    yield from _options(argv, line, build.lists)
    yield from known_filters.problems(argv, line, build.lists)
    for file in line.inputs:
        yield from _input_format(argv, file, build.lists)
        yield from _coders(argv, file, build, is_input=True)
    for file in line.outputs:
        yield from _output_format(argv, file, build.lists)
        yield from _coders(argv, file, build, is_input=False)
        yield from _pixel_formats(argv, file, build.lists)
        yield from _bitstream_filters(argv, file, build.lists)


def knows_option(name: str, lists: Lists) -> bool:
    """Whether ffmpeg takes `-name`: as it is, negated, or for one kind of stream (fftools, `opt_default`)."""
    if name in names.RETIRED and name not in lists.options:  # though older ones took it
        return False
    spelled = {name, name.removeprefix("no"), name[1:] if name[:1] in ("v", "a", "s") else name}
    return not all(map(spelled.isdisjoint, (lists.options, FLAGS, VALUED, ANSWERS)))


def _options(argv: Sequence[str], line: Line, lists: Lists) -> Iterator[Problem]:
    for option in line.options:
        found = _OPTION.fullmatch(argv[option.at])
        if found is None or (argv[option.at][1] != "-" and knows_option(found["name"], lists)):
            continue
        yield _no_option(argv, option, lists)


def _no_option(argv: Sequence[str], option: Option, lists: Lists) -> Problem:
    word, name = argv[option.at], argv[option.at][1:]
    message = f"this FFmpeg has no option {shown(word)}"
    if hint := names.RETIRED.get(option.name):
        return Problem(code=FailureCode.NO_SUCH_OPTION, message=message, hint=hint, at=option.at, replacement=None)
    found = misspelled(
        argv,
        option.at,
        name,
        names.option(name, lists),
        code=FailureCode.NO_SUCH_OPTION,
        message=message,
        otherwise="leave it out, or see which options the encoder, format or filter that you use has",
    )
    if name == "vsync" and option.value not in _FRAME_RATES:  # numbers, which its successor does not take
        return replace(
            found, hint=f"write -fps_mode {VSYNC.get(option.value, 'passthrough, cfr, vfr or auto')}", replacement=None
        )
    return found


def _coders(argv: Sequence[str], file: File, build: Build, *, is_input: bool) -> Iterator[Problem]:
    for option in file.options:
        if option.name not in _CODECS or option.value == "copy" or not _NAME.fullmatch(option.value):
            continue
        kind = kind_of(option, argv)
        if any(other.name == _LEFT_OUT.get(kind or "") for other in file.options):
            continue
        if is_input and not build.knows_decoder(option.value):
            yield _no_decoder(argv, option, kind, build)
        if not is_input and not build.knows_encoder(option.value):
            yield _no_encoder(argv, option, kind, build)


def kind_of(option: Option, argv: Sequence[str]) -> str | None:
    """V, A or S: of which kind of stream the option is, where it says so."""
    specifier = argv[option.at].partition(":")[2].partition(":")[0]
    return _CODECS.get(option.name) or _KINDS.get(specifier)


def _no_encoder(argv: Sequence[str], option: Option, kind: str | None, build: Build) -> Problem:
    return misspelled(
        argv,
        option.at + 1,
        option.value,
        names.encoder(option.value, kind, build),
        code=FailureCode.NO_SUCH_ENCODER,
        message=f"this FFmpeg has no encoder {shown(option.value)}",
        otherwise=f"leave {argv[option.at]} out: FFmpeg chooses an encoder by the output's name",
    )


def _no_decoder(argv: Sequence[str], option: Option, kind: str | None, build: Build) -> Problem:
    return misspelled(
        argv,
        option.at + 1,
        option.value,
        names.decoder(option.value, kind, build),
        code=FailureCode.NO_SUCH_DECODER,
        message=f"this FFmpeg has no decoder {shown(option.value)}",
        otherwise=f"leave {argv[option.at]} before -i out: FFmpeg finds the decoder by itself",
    )


def _input_format(argv: Sequence[str], file: File, lists: Lists) -> Iterator[Problem]:
    for option in _formats(file, lists.demuxers | options.DEVICES):
        yield misspelled(
            argv,
            option.at + 1,
            option.value,
            names.demuxer(option.value, lists),
            code=FailureCode.NO_SUCH_FORMAT,
            message=f"this FFmpeg cannot read a format {shown(option.value)}",
            otherwise="leave -f before -i out: FFmpeg finds the format by itself",
        )


def _output_format(argv: Sequence[str], file: File, lists: Lists) -> Iterator[Problem]:
    for option in _formats(file, lists.muxers):
        yield misspelled(
            argv,
            option.at + 1,
            option.value,
            names.muxer(option.value, lists),
            code=FailureCode.NO_SUCH_FORMAT,
            message=f"this FFmpeg cannot write a format {shown(option.value)}",
            otherwise="leave -f out: FFmpeg chooses the format by the output's name"
            + (f"; to read {option.value}, write -f before its -i" if option.value in lists.demuxers else ""),
        )


def _formats(file: File, known: frozenset[str]) -> Iterator[Option]:
    """The format in force, where it is unknown; ffmpeg takes it in any case (`av_match_name`)."""
    given = [option for option in file.options if option.name == "f"]
    if given and _NAME.fullmatch(given[-1].value) and given[-1].value.lower() not in known:
        yield given[-1]


def _pixel_formats(argv: Sequence[str], file: File, lists: Lists) -> Iterator[Problem]:
    known = lists.pixel_formats | _UNLISTED_PIXELS
    for option in file.options:
        name = option.value.removeprefix("+")
        if option.name == "pix_fmt" and _NAME.fullmatch(name) and name not in known and f"{name}le" not in known:
            yield misspelled(
                argv,
                option.at + 1,
                name,
                names.pixel_format(name, lists),
                code=FailureCode.NO_SUCH_PIXEL_FORMAT,
                message=f"this FFmpeg has no pixel format {shown(name)}",
                otherwise="write -pix_fmt yuv420p, which plays everywhere",
            )


def _bitstream_filters(argv: Sequence[str], file: File, lists: Lists) -> Iterator[Problem]:
    for option in file.options:
        if option.name == "bsf":
            for one in option.value.split(",") if "\\" not in option.value and "'" not in option.value else ():
                name = one.partition("=")[0].strip()
                if _NAME.fullmatch(name) and name not in lists.bitstream_filters:
                    yield misspelled(
                        argv,
                        option.at + 1,
                        name,
                        names.bitstream_filter(name, lists),
                        code=FailureCode.NO_SUCH_BITSTREAM_FILTER,
                        message=f"this FFmpeg has no bitstream filter {shown(name)}",
                        otherwise=f"leave {argv[option.at]} out: FFmpeg puts in what a format needs",
                    )
