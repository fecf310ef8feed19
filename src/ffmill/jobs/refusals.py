"""What a command line cannot do here, known before it runs; where it cannot be known, it is let run."""

import re
from collections.abc import Collection, Iterator, Mapping
from posixpath import normpath

from ffmill.errors import BadRequest
from ffmill.jobs import graphs, names
from ffmill.jobs.mentions import Mentions
from ffmill.jobs.names import shown
from ffmill.jobs.options import DEVICES, HARDWARE, File, Line
from ffmill.jobs.placeholders import nearest

_SCHEME = re.compile(r"(?:^|[|:+,\]])(?P<scheme>[a-zA-Z][a-zA-Z0-9.-]*)\Z")  # what stands before a `://`
_SCHEME_CHARACTERS = 32
_LOCAL = frozenset({"file", "fd", "pipe", "bluray", "dvd"})
_ESCAPED_URL = re.compile(r"""(?:^|=|:)['"\\]*(?P<url>https?\\*:\\*/\\*/[^'":]*)""")
_STDIN = re.compile(r"-|(?:pipe|fd):.*|/dev/stdin|/dev/fd/0|/proc/self/fd/0")
_SHELL = re.compile(r"[|&;<>]+|[0-9]?>&[0-9]|(?:[0-9&]?>>?|<)/dev/null|\^")
_WRITING = frozenset({"progress", "vstats_file", "sdp_file", "print_graphs_file"})
_SYNTAX = re.compile(r"[%*?\[\]{}:=|,;]|\A/|\A\.\.(?:/|\Z)")


def check(line: Line, aliases: Mapping[str, str], written: Mentions) -> None:
    """Raises BadRequest when `line`, its placeholders filled, cannot succeed.

    `aliases` are the inputs of the job and their file names; `written` is what the commands before this one write.
    """
    _check_shell(line)
    _check_hardware(line)
    _check_urls(line)
    inputs = _paths(aliases)
    _check_inputs(line, aliases, inputs, written)
    _check_outputs(line, inputs)


def _check_shell(line: Line) -> None:
    for file in line.outputs:
        if _SHELL.fullmatch(file.path) and file.last("f") is None:
            raise BadRequest(
                f"{shown(file.path)} would be the name of an output: no shell runs a command, so nothing is chained, "
                "piped or redirected by it; give each command as an entry of its own in ffmpeg_commands"
            )


def _check_hardware(line: Line) -> None:
    """Some would wait for it until the job's time is over."""
    for file in (*line.inputs, *line.outputs):
        if (name := file.last("f")) in HARDWARE:
            raise BadRequest(
                f"-f {name} is a screen, a camera or a sound card, and a command has none: "
                "read from input_files, or make pictures and sound by -f lavfi"
            )


def _check_urls(line: Line) -> None:
    for url in _urls_read(line):
        raise BadRequest(
            f"{_shortened(url)} is a URL, and a command reads files only: put it into input_files under a name, "
            "as video.mp4, and write {{video.mp4}} here"
        )
    for url in _urls_written(line):
        raise BadRequest(
            f"{_shortened(url)} is a URL, and a command writes files only: list a name in output_files, as video.mp4, "
            "and write {{video.mp4}} here; the finished job has a URL for it"
        )


def _urls_read(line: Line) -> Iterator[str]:
    for file in line.inputs:
        if file.last("f") not in DEVICES:
            yield from _urls(file.path)
    for option in line.options:
        if option.name == "attach":
            yield from _urls(option.value)
    for graph in line.graphs:
        for name, arguments in graphs.filters(graph):
            if name in {"movie", "amovie"} and (found := _ESCAPED_URL.search(arguments)):
                yield found["url"].replace("\\", "")


def _urls_written(line: Line) -> Iterator[str]:
    for file in line.outputs:
        yield from _urls(file.path)
    for option in line.options:
        if option.name in _WRITING:
            yield from _urls(option.value)


def _urls(path: str) -> Iterator[str]:
    """Found from their `://` on backwards, a few characters: so a long path costs no more than its length."""
    at = path.find("://")
    while at >= 0:
        found = _SCHEME.search(path, max(0, at - _SCHEME_CHARACTERS), at)
        if found and found["scheme"].lower() not in _LOCAL:
            yield path[found.start("scheme") :].partition("|")[0]
        at = path.find("://", at + 3)


def _shortened(url: str) -> str:
    """Without user, password and query, which may be secrets."""
    return shown(re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", url)[0]))


def _paths(aliases: Mapping[str, str]) -> frozenset[str]:
    """The local paths of the inputs: each by its name, as both inputs/NAME and NAME, and by its alias."""
    return frozenset([*aliases, *(f"inputs/{name}" for pair in aliases.items() for name in pair)])


def _check_inputs(line: Line, aliases: Mapping[str, str], inputs: Collection[str], written: Mentions) -> None:
    for file in line.inputs:
        if not file.path:
            raise BadRequest("-i is given without a file")
        if file.last("f") in DEVICES:
            continue
        if _STDIN.fullmatch(file.path):
            raise BadRequest(
                f"-i {shown(file.path)}: there is nothing on standard input; put the file's URL into input_files "
                "under a name, as video.mp4, and write -i {{video.mp4}}"
            )
        if _local(file.path) not in inputs:
            _check_exists(file, aliases, written)


def _check_exists(file: File, aliases: Mapping[str, str], written: Mentions) -> None:
    path = _local(file.path)
    directory, _, name = path.rpartition("/")
    if _SYNTAX.search(path) or directory not in ("", *names.DIRECTORIES):
        return
    if directory == "inputs":
        raise BadRequest(f"-i {shown(file.path)}: input_files has no such name; {nearest(name, aliases)}")
    if not written.may_write(name):
        raise BadRequest(
            f"-i {shown(file.path)}: it is no name in input_files, and no earlier command writes it; "
            f"{nearest(name, aliases)}"
        )


def _check_outputs(line: Line, inputs: Collection[str]) -> None:
    if not line.outputs:
        raise BadRequest(f"the command names no output: {_why_none(line)}")
    for file in line.outputs:
        if _local(file.path) in inputs and file.last("f") != "null":
            raise BadRequest(
                f"{shown(file.path)} is an input, and inputs are read only: "
                f"write {shown('outputs/' + _local(file.path).removeprefix('inputs/'))}"
            )


def _why_none(line: Line) -> str:
    """What became of the output: an option that lacks its own value takes the word after it, as in `-crf=23 o.mp4`."""
    if line.trailing and (taker := line.trailing[-1]).value:
        return (
            f"{shown(taker.value)} is taken as the value of the option {shown('-' + taker.name)}; if it is the output, "
            "write the option's value after it, with a blank between: -crf 23"
        )
    return "write one, as {{video.mp4}}, at its end; -f null - writes none"


def _local(path: str) -> str:
    return normpath(path.removeprefix("file:"))


def unmentioned(outputs: Collection[str], written: Mentions) -> Iterator[str]:
    """The outputs that surely no command writes."""
    return (name for name in outputs if not written.may_write(name))
