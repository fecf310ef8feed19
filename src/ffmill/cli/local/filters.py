"""Filters that read or write files, and their graphs with other names put in."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto

from ffmill.cli.local.quoting import escaped, token
from ffmill.jobs import graphs
from ffmill.jobs.options import set_of


class Role(Enum):
    """What a filter does with what an option of it names."""

    READ = auto()
    WRITTEN = auto()
    FONTS = auto()  # reads all fonts of a directory


Naming = Callable[[Role, str], str]  # from a local path to the path there; the same one where nothing is to be done

# The option that comes first is meant where a value has no name: `subtitles=a.srt`.
_READ: Mapping[str, str] = {
    "amovie": "filename",
    "arnndn": "model m",
    "asendcmd": "filename f",
    "ass": "filename f",
    "cover_rect": "cover",
    "curves": "psfile",
    "derain": "model",
    "dnn_processing": "model",
    "drawtext": "fontfile textfile",
    "fieldhint": "hint",
    "find_rect": "object",
    "libplacebo": "custom_shader_path shader_path lut",
    "lut1d": "file",
    "lut3d": "file",
    "movie": "filename",
    "removelogo": "filename f",
    "sendcmd": "filename f",
    "sofalizer": "sofa",
    "sr": "model",
    "subtitles": "filename f",
    "vidstabtransform": "input",
}
_WRITTEN: Mapping[str, str] = {
    "ametadata": "file",
    "deshake": "filename",
    "libvmaf": "log_path",
    "metadata": "file",
    "psnr": "stats_file f",
    "signature": "filename",
    "ssim": "stats_file f",
    "vidstabdetect": "result",
    "vmafmotion": "stats_file",
    "xpsnr": "stats_file f",
}
_NAMED_ONLY = set_of(  # what stands first without a name is something else
    "ametadata asendcmd curves derain deshake dnn_processing libplacebo libvmaf metadata sendcmd signature sr"
)
_FONTS = "fontsdir"
_NOT_READ = set_of("- pipe:1 /dev/stdout /dev/null")
_NOT_WRITTEN = "/dev/null"
_KEY = re.compile(r"\s*(?P<key>/?[A-Za-z0-9_.-]+)\s*=")
_GRAPH_ENDS = "[],;"


def names_in(graph: str) -> frozenset[str]:
    """The filters of a graph."""
    return frozenset(name for name, _ in graphs.filters(graph))


def options_in(graph: str, filter_: str) -> frozenset[str]:
    """The options that some filter of this name is given, "" for one without a name."""
    arguments = (token(raw, 0, _GRAPH_ENDS)[0] for name, raw in graphs.filters(graph) if name == filter_)
    return frozenset(key for plain in arguments for key, text in _pairs(plain) if text)


def rewritten(graph: str, naming: Naming) -> str:
    """`graph` with the names of all files that it reads or writes as `naming` has them."""
    result, done = "", 0
    for name, arguments in graphs.filters(graph):
        beginning = re.compile(rf"\b{re.escape(name)}(?:@\w+)?\s*=").search(graph, done)
        if arguments and beginning:
            at = beginning.end()
            result += graph[done:at] + _arguments(name, arguments, naming)
            done = at + len(arguments)
    return result + graph[done:]


def _arguments(name: str, raw: str, naming: Naming) -> str:
    """They are quoted twice: once for the graph, and each value once more for the filter's options."""
    plain, end = token(raw, 0, _GRAPH_ENDS)
    parts = [_part(text, _role(name, key, index), naming) for index, (key, text) in enumerate(_pairs(plain))]
    changed = ":".join(parts)
    return raw if changed == plain else escaped(changed, _GRAPH_ENDS) + raw[end:]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Each option's key, "" where it has none, and the whole option as it stands."""
    at = 0
    while at <= len(text):
        found = _KEY.match(text, at)
        _, end = token(text, found.end() if found else at, ":")
        yield (found["key"] if found else ""), text[at:end]
        at = end + 1


def _part(text: str, role: Role | None, naming: Naming) -> str:
    if role is None:
        return text
    start = found.end() if (found := _KEY.match(text)) else 0
    value, _ = token(text, start, ":")
    is_no_file = value == _NOT_WRITTEN if role is Role.WRITTEN else value in _NOT_READ
    if not value or is_no_file or (new := naming(role, value)) == value:
        return text
    return text[:start] + escaped(new, ":")


def _role(name: str, key: str, index: int) -> Role | None:
    if key.startswith("/"):  # its value lies in a file: FFmpeg filters documentation, "Filtergraph syntax"
        return Role.READ
    if key == _FONTS and name in ("ass", "subtitles"):
        return Role.FONTS
    reads, writes = _READ.get(name, "").split(), _WRITTEN.get(name, "").split()
    if not key and (index > 0 or name in _NAMED_ONLY):
        return None
    if key in reads or (not key and reads):
        return Role.READ
    return Role.WRITTEN if key in writes or (not key and writes) else None
