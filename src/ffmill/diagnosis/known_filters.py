"""Filters, and options of filters, that an FFmpeg does not have."""

import re
from collections.abc import Iterator, Sequence

from ffmill.diagnosis import names
from ffmill.diagnosis.problem import Problem, misspelled
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Lists
from ffmill.jobs import graphs
from ffmill.jobs.names import shown
from ffmill.jobs.options import GRAPHS, Line, set_of

_KEY = re.compile(r"\s*(?P<key>[A-Za-z0-9_./-]+)\s*=")  # libavutil/opt.c, `get_key`
_CHUNK = re.compile(r"(?P<chunk>(?:[^\\':]++|\\.|'[^']*+'?)*+)(?::|\Z)", re.DOTALL)
_ANY_FILTER = set_of("enable thread_type threads")  # libavfilter/avfilter.c
_FRAMESYNC = set_of("eof_action shortest repeatlast ts_sync_mode")  # libavfilter/framesync.c
_SWS_FLAGS = re.compile(r"\s*sws_flags=[^;]*+;")  # before the first filter
# These take what others have too: the options of swscale and swresample.
_PASSING_ON = set_of("scale scale2ref zscale libplacebo aresample frei0r frei0r_src ladspa lv2 program_opencl spp")


def problems(argv: Sequence[str], line: Line, lists: Lists) -> Iterator[Problem]:
    """Unknown filters, and unknown options of known ones, in all graphs of a command."""
    for at, text in _graphs(line):
        begun = _SWS_FLAGS.match(text)
        graph = text[begun.end() :] if begun else text
        for name, arguments in graphs.filters(graph):
            if name not in lists.filters:
                yield no_filter(argv, at, name, lists)
            else:
                yield from _options(argv, at, name, arguments, lists)


def _graphs(line: Line) -> Iterator[tuple[int, str]]:
    """Each graph, and the index of its word."""
    for option in line.options:
        if option.name in GRAPHS:
            yield option.at + 1, option.value
    for file in line.inputs:
        if file.last("f") == "lavfi":
            yield file.at, file.path


def no_filter(argv: Sequence[str], at: int, name: str, lists: Lists) -> Problem:
    """A filter that is unknown."""
    return misspelled(
        argv,
        at,
        name,
        names.filter_(name, lists),
        code=FailureCode.NO_SUCH_FILTER,
        message=f"this FFmpeg has no filter {shown(name)}",
        otherwise="where a comma or semicolon belongs to a text or an expression, write \\, in place of it"
        if re.search(rf"[,;]\s*{re.escape(name)}", argv[at])
        else _plain(name, lists),
    )


def _plain(name: str, lists: Lists) -> str:
    """What `scale_npp` and `scale_vt` of other machines do, scale does everywhere."""
    plain = name.rpartition("_")[0]
    return f"write {plain} in place of it" if plain in lists.filters else "leave it out, or write another filter"


def _options(argv: Sequence[str], at: int, name: str, arguments: str, lists: Lists) -> Iterator[Problem]:
    known = lists.filter_options.get(name)
    if known is None or name in _PASSING_ON:
        return
    taken = {*known, *_ANY_FILTER, *(_FRAMESYNC if lists.filters[name].startswith(("VV", "N")) else ())}
    for key in keys(arguments):
        if key not in taken:
            yield misspelled(
                argv,
                at,
                key,
                names.filter_option(key, name, lists),
                code=FailureCode.BAD_FILTER_OPTION,
                message=f"the filter {name} has no option {shown(key)}",
                otherwise=f"{name} has: {', '.join(known[:30])}",
            )


def keys(arguments: str) -> Iterator[str]:
    """The names of options in a filter's arguments; a value without a name has none."""
    for found in _CHUNK.finditer(arguments):
        if (key := _KEY.match(found["chunk"])) and not key["key"].startswith("/"):
            yield key["key"]
