"""Pictures by their numbers or by a pattern, none of which is there."""

import re
from fnmatch import fnmatch

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown
from ffmill.jobs.options import File

_NUMBER = re.compile(r"%+(?:0?(\d+))?d")


def _no_match(clue: Clue) -> Finding:
    scene, path = clue.scene, clue["path"]
    file = scene.file(path)
    return Finding(
        code=FailureCode.FILE_NOT_FOUND,
        summary=f"no file matches {shown(path)}",
        hint="inputs are files of their names: write -i inputs/NAME%03d.png for inputs NAME001.png …, "
        "with -start_number before it where they begin above 4; -pattern_type glob -i 'inputs/*.png' takes all",
        mended=_in_inputs(scene, file) if file else None,
    )


def _in_inputs(scene: Scene, file: File) -> tuple[Word, ...] | None:
    """The same pattern, where the inputs are and some match it."""
    start = file.last("start_number") or "0"
    if "/" in file.path or not start.isdigit():
        return None
    names = list(scene.case.job.input_files)
    draft = scene.draft().replace(file.at, f"inputs/{file.path}")
    if "*" in file.path:
        if file.last("pattern_type") is None:
            draft.insert(file.at - 1, "-pattern_type", "glob")
        return draft.words if any(fnmatch(name, file.path) for name in names) else None
    return draft.words if _begins(file.path, names, int(start)) else None


def _begins(path: str, names: list[str], start: int = 0) -> bool:
    """Whether one of the first five numbers is there, where FFmpeg looks for the first picture."""
    return any(_named(path, number) in names for number in range(start, start + 5))


def _named(path: str, number: int) -> str:
    return _NUMBER.sub(lambda found: str(number).rjust(int(found[1] or 0), "0"), path)


def _two_signs(clue: Clue) -> Finding | None:
    """`%%03d`, as batch files on Windows need it."""
    for file in clue.scene.line.inputs:
        if re.search(r"%%0?\d*d", file.path):
            path = file.path.replace("%%", "%")
            name = path.rpartition("/")[2]
            there = _begins(name, list(clue.scene.case.job.input_files))
            return Finding(
                code=FailureCode.FILE_NOT_FOUND,
                summary=f"{shown(file.path)} names no pictures by their number: %% stands for a plain %",
                hint=f"write {path}, with inputs/ before it",
                mended=clue.scene.draft().replace(file.at, f"inputs/{name}").words if there else None,
            )
    return None


RULES = (
    Rule(r"Could find no file or sequence with path '(?P<path>.*?)'", _no_match),
    Rule(r"Could not open file : (?P<path>.*)", _no_match),
    Rule(r"Error opening input:? No such file or directory", _two_signs),
)
