"""Files that a command, a filter or a list names, and that are not there or not to be written."""

import re

from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown

_GONE = FailureCode.FILE_NOT_FOUND
_OUTSIDE = re.compile(r"\A/|(?:\A|/)\.\.(?:/|\Z)|\A[A-Za-z][\w+.-]*:")


def _missing(clue: Clue) -> Finding:
    path = clue["path"]
    here = [*clue.scene.case.job.input_files]
    near = nearest(path.rpartition("/")[2], here)
    listed = f"the inputs are: {', '.join(map(shown, here[:10]))}" if here else "the job has no input_files"
    hint = (
        f"write {{{{{near.names[0]}}}}}" if near.names else f"give it in input_files, and write {{{{NAME}}}}; {listed}"
    )
    return Finding(code=_GONE, summary=f"there is no file {shown(path)}", hint=hint)


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


def _sequence(clue: Clue) -> Finding:
    return Finding(
        code=_GONE,
        summary=f"no file matches {shown(clue['path'])}",
        hint="inputs are files of their names: write -i inputs/NAME%03d.png for inputs NAME001.png …, "
        "with -start_number before it where they begin above 4",
    )


def _no_such_input(clue: Clue) -> Finding:
    file = clue.scene.input(clue.line)
    name = shown(file.path.removeprefix("inputs/")) if file else "an input"
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


RULES = (
    Rule(r"Unsafe file name '(?P<name>.*)'", _unsafe),
    Rule(r"Impossible to open '(?P<path>.*)'", _missing),
    Rule(r"Could find no file or sequence with path '(?P<path>.*?)'", _sequence),
    Rule(r"Could not open file : (?P<path>.*)", _sequence),
    Rule(r"Failed to avformat_open_input '(?P<path>.*)'", _missing),
    Rule(r"cannot open input file (?P<path>.*)", _missing),
    Rule(r"Could not open attachment file (?P<path>.*?)\.$", _missing),
    Rule(r"Could not create a libass track when reading file '(?P<path>.*)'", _missing),
    Rule(
        r"Error opening output (?!files?\b)(?P<path>\S.*?): (?P<why>No such file or directory|Permission denied"
        r"|Read-only file system|Is a directory|Not a directory)",
        _no_directory,
    ),
    Rule(r"Error opening stats file '(?P<path>.*?)': (?P<why>.*)", _no_directory),
    Rule(r"Unable to open (?P<path>.*)", _not_read),
    Rule(r"Error opening input:? No such file or directory|Error opening input files: No such file", _no_such_input),
    Rule(r"(?P<path>(?!Error |Task )\S.*): No such file or directory", _missing),
)
