"""Files that a command, a filter or a list names, and that are not there or not to be written."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import swapped
from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown
from ffmill.jobs.options import File

_GONE = FailureCode.FILE_NOT_FOUND
_WINDOWS = re.compile(r"(?<=[='])[A-Za-z]\\*:[\\/][^:',;\[\]]*")
_OUTSIDE = re.compile(r"\A/|(?:\A|/)\.\.(?:/|\Z)|\A[A-Za-z][\w+.-]*:")


def _missing(clue: Clue) -> Finding:
    return _missing_of(clue.scene, clue["path"])


def _missing_of(scene: Scene, path: str) -> Finding:
    here = [*scene.case.job.input_files]
    near = nearest(re.split(r"[/\\]", path)[-1], here)
    listed = f"the inputs are: {', '.join(map(shown, here[:10]))}" if here else "the job has no input_files"
    hint = (
        f"write {{{{{near.names[0]}}}}}" if near.names else f"give it in input_files, and write {{{{NAME}}}}; {listed}"
    )
    return Finding(
        code=_GONE, summary=f"there is no file {shown(path)}", hint=hint, mended=_of_the_job(scene, path, here)
    )


def _of_the_job(scene: Scene, path: str, here: Sequence[str]) -> tuple[Word, ...] | None:
    """An input that is named by where it lies on its author's machine."""
    name = re.split(r"[/\\]", path)[-1]
    places = [at for at, word in enumerate(scene.argv) if path in word]
    if name not in here or not re.fullmatch(r"[\w.-]+", name) or len(places) != 1:
        return None
    word = scene.argv[places[0]]
    mended = scene.draft().replace(places[0], word.replace(path, f"inputs/{name}")).words
    return mended if word.count(path) == 1 else None


def _windows(clue: Clue) -> Finding | None:
    """`subtitles=C:\\me\\s.srt`: FFmpeg reads options of the filter out of it."""
    found = next((one for graph in clue.scene.line.graphs if (one := _WINDOWS.search(graph))), None)
    if found is None:
        return None
    return replace(_missing_of(clue.scene, found[0]), summary=f"{shown(found[0])} is a path of another machine")


def _not_read(clue: Clue) -> Finding:
    """What a filter says of a file that is not there, or not what it reads."""
    path = clue["path"]
    if path.removeprefix("inputs/") not in clue.scene.case.job.input_files:
        return _missing(clue)
    return Finding(
        code=FailureCode.INPUT_NOT_MEDIA,
        summary=f"{shown(path.removeprefix('inputs/'))} is nothing that the filter {clue.line.filter or ''} can read",
        hint="look at what its URL gives: it may be an error page, or a file of another kind",
    )


def _no_track(clue: Clue) -> Finding:
    """The filter ass reads scripts of ASS alone, subtitles all kinds."""
    found = _not_read(clue)
    if found.code is _GONE:
        return found
    mended = swapped(clue.scene, "ass=", "subtitles=")
    return replace(found, hint="write subtitles= in place of ass=, which reads only ASS", mended=mended)


def _is_source(scene: Scene, file: File) -> bool:
    """`-i color=red:s=64x64`."""
    name, equals, _ = file.path.partition("=")
    pads = scene.build.lists.filters.get(name, "") if scene.build else ""
    return bool(equals) and pads.startswith("|") and file.last("f") is None


def _no_such_input(clue: Clue) -> Finding:
    file = clue.scene.input(clue.line)
    name = shown(file.path.removeprefix("inputs/")) if file else "an input"
    if file and _is_source(clue.scene, file):
        return Finding(
            code=_GONE,
            summary=f"{name} is no file; it looks like a filter that makes an input",
            hint="write -f lavfi before its -i",
            mended=clue.scene.draft().insert(file.at - 1, "-f", "lavfi").words,
        )
    return Finding(
        code=_GONE,
        summary=f"{name}, or a file that it names, is not there",
        hint="give every file in input_files, and write inputs/NAME where one names another",
    )


def _no_directory(clue: Clue) -> Finding:
    return Finding(
        code=FailureCode.OUTPUT_UNWRITABLE,
        summary=f"{shown(clue['path'])} cannot be written: {clue['why']}",
        hint="list the output in output_files, and write {{NAME}} for it; a command writes no directories of its own",
    )


def _unsafe(clue: Clue) -> Finding:
    name = clue["name"]
    file = clue.scene.input(clue.line)
    outside = _OUTSIDE.search(name) is not None
    return Finding(
        code=FailureCode.UNSAFE_FILE_NAME,
        summary=f"the list names {shown(name)}, and concat takes plain names only unless it is told otherwise",
        hint="a list can only name files of the job: write inputs/NAME in it"
        if outside
        else "write -safe 0 before the list's -i, or give the files names without blanks and signs",
        mended=clue.scene.draft().insert(file.at - 1, "-safe", "0").words if file and not outside else None,
    )


FIRST = (Rule(r"Unable to parse \"|No option name near |No such filter: |Error applying option ", _windows),)
RULES = (
    Rule(
        r"Output (?P<path>.*) same as Input #\d+",
        Says(
            FailureCode.OUTPUT_UNWRITABLE,
            "{path} is read and written by one command",
            "write to another name, and list it in output_files",
        ),
    ),
    Rule(r"Unsafe file name '(?P<name>.*)'", _unsafe),
    Rule(
        r"Impossible to open '(?P<path>\w+://.*)'",
        Says(
            FailureCode.PROTOCOL_REFUSED,
            "a list names an address in the network, and commands have no network",
            "give the file in input_files, and write its NAME in the list",
        ),
    ),
    Rule(r"Impossible to open '(?P<path>.*)'", _missing),
    Rule(r"Cannot read file '(?P<path>.*)': No such file", _missing),
    Rule(r"error opening key (?:info )?file (?P<path>.*)", _missing),
    Rule(
        r"cannot open input file (?P<path>transforms\.trf)",
        Says(
            _GONE,
            "vidstabtransform needs {path}, which vidstabdetect has written before",
            "write a command before this one with -vf vidstabdetect, ending in -f null -",
        ),
    ),
    Rule(r"Failed to avformat_open_input '(?P<path>.*)'", _missing),
    Rule(r"cannot open input file (?P<path>.*)", _missing),
    Rule(r"Could not open attachment file (?P<path>.*?)\.$", _missing),
    Rule(r"Could not create a libass track when reading file '(?P<path>.*)'", _no_track),
    Rule(
        r"Error opening output (?!files?\b)(?P<path>\S.*?): (?P<why>No such file or directory|Permission denied"
        r"|Read-only file system|Is a directory|Not a directory)",
        _no_directory,
    ),
    Rule(r"Error opening stats file '(?P<path>.*?)': (?P<why>.*)", _no_directory),
    Rule(r"Unable to open (?P<path>.*)", _not_read),
    Rule(r"Error opening input:? No such file or directory|Error opening input files: No such file", _no_such_input),
    Rule(r"(?P<path>(?!Error |Task |Could not |Cannot |Failed )\S.*): No such file or directory", _missing),
)
