"""Reads the lists that ffmpeg prints: `-h full`, `-encoders`, `-filters` and so on (fftools/opt_common.c)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from ffmill.ffmpeg.build import Coder, Lists

QUESTIONS = {  # by the name under which the answer is read
    "full": ("-h", "full"),
    "encoders": ("-encoders",),
    "decoders": ("-decoders",),
    "filters": ("-filters",),
    "muxers": ("-muxers",),
    "demuxers": ("-demuxers",),
    "pixel_formats": ("-pix_fmts",),
    "bitstream_filters": ("-bsfs",),
}

_MAIN = re.compile(r"^--?(?P<name>[a-zA-Z?][\w?-]*)", re.MULTILINE)
_CLASS = re.compile(r"^(?P<name>\S.*?) AVOptions:$")
_OPTION = re.compile(r"^ {1,3}(?P<dash>-?)(?P<name>[\w-]+) +<\w+>? +(?P<flags>[A-Z.]{9,12}) ?")
_CODER = re.compile(
    r"^ (?P<kind>[VAS])[F.][S.](?P<experimental>[X.])[B.][D.] (?P<name>[\w.+-]+) +(?P<about>.*)$", re.MULTILINE
)
_CODEC = re.compile(r"\(codec (\S+)\)$")
_FILTER = re.compile(r"^ [T.][S.][C.]? ?(?P<name>\w+) +(?P<pads>[AVN|]+->[AVN|]+) ", re.MULTILINE)
_FORMAT = re.compile(r"^ [D ][E ][d ]? +(?P<names>[\w,.-]+)(?: |$)", re.MULTILINE)
_PIXELS = re.compile(r"^[I.][O.][H.][P.][B.] (?P<name>\w+) ", re.MULTILINE)


def read(answers: Mapping[str, str]) -> Lists:
    """The lists in ffmpeg's answers to `QUESTIONS`."""
    main, _, rest = answers["full"].partition(" AVOptions:")
    plain, of_filters = _options(f"{main.rpartition(chr(10))[2]} AVOptions:{rest}")
    filters = {found["name"]: found["pads"] for found in _FILTER.finditer(answers["filters"])}
    return Lists(
        options=frozenset(plain) | {"i"} | {found["name"] for found in _MAIN.finditer(main)},
        encoders=_coders(answers["encoders"]),
        decoders=_coders(answers["decoders"]),
        filters=filters,
        filter_options={name: tuple(options) for name, options in of_filters.items() if name in filters},
        muxers=frozenset(_formats(answers["muxers"])),
        demuxers=frozenset(_formats(answers["demuxers"])),
        pixel_formats=frozenset(found["name"] for found in _PIXELS.finditer(answers["pixel_formats"])),
        bitstream_filters=frozenset(answers["bitstream_filters"].split()[2:]),  # after the words "Bitstream filters:"
    )


def _options(text: str) -> tuple[set[str], dict[str, list[str]]]:
    """Options that are written with a dash; and those of filters, by the name of the class that has them."""
    plain, of_classes, name = set[str](), defaultdict[str, list[str]](list), ""
    for line in text.splitlines():
        if begun := _CLASS.match(line):
            name = begun["name"]
        elif found := _OPTION.match(line):
            if found["dash"]:
                plain.add(found["name"])
            elif "F" in found["flags"]:
                of_classes[name].append(found["name"])
    return plain, of_classes


def _coders(text: str) -> dict[str, Coder]:
    return {found["name"]: _coder(found) for found in _CODER.finditer(text)}


def _coder(found: re.Match[str]) -> Coder:
    codec = _CODEC.search(found["about"])
    return Coder(
        kind=found["kind"],
        codec=codec[1] if codec else found["name"],
        experimental=found["experimental"] == "X",
    )


def _formats(text: str) -> Iterator[str]:
    for found in _FORMAT.finditer(text.partition("-\n")[2]):
        yield from found["names"].split(",")
