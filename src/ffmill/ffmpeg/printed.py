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
# The type of an option that takes several values stands in square brackets.
_OPTION = re.compile(r"^ {1,3}(?P<dash>-?)(?P<name>[\w-]+) +\[?<\w+>? *\]?(?P<flags>[A-Z.]{9,12}) ?")
_VALUE = re.compile(r"^ {5}(?P<name>[\w.+-]+) +(?:-?[0-9.]+ +)?[A-Z.]{9,12}(?: |$)")
_UNTOLD = ("i", "s", "dec")  # options that `-h full` leaves out
_SHARED = re.compile(r"(?P<before>\w*)\((?P<ways>[\w|]+)\)(?P<after>\w*)")
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
    told = f"{main.rpartition(chr(10))[2]} AVOptions:{rest}"
    plain, of_filters = _options(told)
    filters = {found["name"]: found["pads"] for found in _FILTER.finditer(answers["filters"])}
    return Lists(
        options=frozenset(plain) | {*_UNTOLD} | {found["name"] for found in _MAIN.finditer(main)},
        encoders=_coders(answers["encoders"]),
        decoders=_coders(answers["decoders"]),
        filters=filters,
        filter_options=_by_filter(of_filters, filters),
        muxers=frozenset(_formats(answers["muxers"])),
        demuxers=frozenset(_formats(answers["demuxers"])),
        option_values=_values(told),
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


def _values(text: str) -> dict[str, tuple[str, ...]]:
    """The words that an option takes as its value, by its name; of a filter's by `filter.option`.

    Where encoders or formats differ in what they take under one name, nothing is told.
    """
    found = defaultdict[str, set[tuple[str, ...]]](set)
    for option, words in list(_valued(text)):  # their words are there once all is read
        found[option].add(tuple(dict.fromkeys(words)))
    return {option: words for option, (words, *others) in found.items() if words and not others}


def _valued(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each option of each class, and the words below it."""
    of_class, words = "", list[str]()
    for line in text.splitlines():
        if begun := _CLASS.match(line):
            of_class = begun["name"]
        elif found := _OPTION.match(line):
            is_of_filter = not found["dash"] and "F" in found["flags"]
            words = []
            yield (f"{of_class}.{found['name']}" if is_of_filter else found["name"]), words
        elif value := _VALUE.match(line):
            words.append(value["name"])


def _by_filter(of_classes: Mapping[str, list[str]], filters: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """A class that several filters share comes last, for those that have none of their own."""
    by_filter: dict[str, tuple[str, ...]] = {}
    for name, options in sorted(of_classes.items(), key=lambda item: item[0] not in filters):
        for one in _named(name):
            if one in filters:
                by_filter.setdefault(one, tuple(dict.fromkeys(options)))
    return by_filter


def _named(name: str) -> Iterator[str]:
    """The filters of a class: `(a)trim` is trim and atrim, `(h|v)stack` both, `bass/lowshelf` too."""
    for one in name.split("/"):
        found = _SHARED.fullmatch(one)
        if found is None:
            yield one
        else:
            ways = found["ways"].split("|") if "|" in found["ways"] else ["", found["ways"]]
            yield from (found["before"] + way + found["after"] for way in ways)


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
