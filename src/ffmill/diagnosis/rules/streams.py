"""Streams that a command asks for, and that its inputs do not have."""

import re

from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_NO = FailureCode.STREAM_NOT_FOUND
_KINDS = {"v": "video", "V": "video", "a": "sound", "s": "subtitles", "d": "data", "t": "attachment"}


def _no_match(clue: Clue) -> Finding:
    """`Stream map '' matches no streams.`: the map itself stands in the next line."""
    lines = [line.text.split("'")[1] for line in clue.scene.lines if line.text.startswith("Failed to set value '")]
    value = lines[0] if lines else clue["map"]
    if value.startswith("-"):
        return _nothing_to_take(clue, value)
    number, _, rest = value.lstrip("-").partition(":")
    kind, _, index = rest.partition(":")
    if kind.isdigit():
        what = f"no stream of number {kind}"
    elif index.isdigit():
        what = f"no {_KINDS.get(kind, 'stream')} of number {index}"
    else:
        what = f"no {_KINDS.get(kind, 'such stream')}"
    counted = "; streams are counted from 0" if kind.isdigit() or index.isdigit() else ""
    return Finding(
        code=_NO,
        summary=f"-map {value} asks for a stream, and input {number or 0} has {what}",
        hint=f"write -map {value}? to take it only where it is there, or leave it out{counted}",
        mended=_optional(clue, value) if len(list(clue.scene.options("map"))) > 1 else None,
    )


def _nothing_to_take(clue: Clue, value: str) -> Finding:
    """`-map -0:a` takes away of what earlier maps have chosen, and there are none."""
    given = [option for option in clue.scene.options("map") if option.value == value]
    first = list(clue.scene.options("map"))[:1] == given
    mended = clue.scene.draft().insert(given[0].at, "-map", value[1:].partition(":")[0]) if first else None
    return Finding(
        code=_NO,
        summary=f"-map {value} takes a stream away that no -map before it has chosen",
        hint=f"write -map {value[1:].partition(':')[0]} before it, which chooses all streams of that input",
        mended=mended.words if mended else None,
    )


def _no_specifier(clue: Clue) -> Finding:
    """`-map 0.1`, `-map 0,v`, `-map 0:video`, `-map (v)`."""
    rest = clue["rest"]
    maps = [option for option in clue.scene.options("map") if option.value.endswith(rest)]
    meant = [_meant(option.value) for option in maps]
    draft = clue.scene.draft()
    for option in clue.scene.options("map"):
        if right := _meant(option.value):
            draft.replace(option.at + 1, right)
    return Finding(
        code=FailureCode.BAD_OPTION_VALUE,
        summary=f"{shown(maps[0].value) if maps else rest} is not how a stream is named",
        hint=(f"write -map {meant[0]}; " if meant and meant[0] else "")
        + "-map 0:v is video of the first input, -map 0:a its sound, -map [label] what a filter graph makes",
        mended=draft.words if meant and all(meant) else None,
    )


def _meant(value: str) -> str | None:
    if found := re.fullmatch(r"(\d+)[.,](\d+|[vas])", value):
        return f"{found[1]}:{found[2]}"
    if found := re.fullmatch(r"(\d+):(video|audio|subtitles?)", value):
        return f"{found[1]}:{found[2][0]}"
    found = re.fullmatch(r"[({](\w+)[)}]", value)
    return f"[{found[1]}]" if found else None


def _optional(clue: Clue, value: str) -> tuple[Word, ...] | None:
    """`-map 0:a?` is sure where no number is in question, which may be a wrong one."""
    if any(part.isdigit() for part in value.lstrip("-").split(":")[1:]):
        return None
    draft = clue.scene.draft()
    for option in clue.scene.options("map"):
        if option.value == value:
            draft.replace(option.at + 1, f"{value}?")
    return draft.words


def _no_file(clue: Clue) -> Finding:
    count = len(clue.scene.line.inputs)
    only = "only input 0" if count == 1 else f"inputs 0 to {count - 1}" if count else "no input"
    return Finding(
        code=_NO,
        summary=f"the command names input {clue['index']}, and has {only}",
        hint="inputs are counted from 0: write 0 for the first -i, or add the -i that is missing",
    )


def _no_stream(clue: Clue) -> Finding | None:
    """An output without any stream: none is mapped to it, all are left out, or the format takes none of them."""
    scene = clue.scene
    if scene.says("Could not open file :"):
        return None
    output = scene.output(clue.line.number("out"))
    left = [scene.argv[option.at] for option in scene.options("vn", "an", "sn", at=output)] if output else []
    hint = (
        f"leave {' and '.join(left)} out, or give an input that has more streams"
        if left
        else "give an input that has what the output's format is for: sound for .mp3, pictures for .png"
    )
    return Finding(
        code=_NO,
        summary=f"no stream is left for the output{' ' + shown(output.path) if output else ''}: "
        "the inputs have none of the kind that it takes, or all are left out",
        hint=hint,
    )


RULES = (
    Rule(r"Stream map '(?P<map>.*?)' matches no streams", _no_match),
    Rule(r"Invalid input file index:? (?P<index>\d+)", _no_file),
    Rule(r"Output file (?:#\d+ )?does not contain any stream", _no_stream),
    Rule(
        r"Trailing garbage after stream specifier: (?P<rest>.*)",
        _no_specifier,
    ),
    Rule(
        r"Invalid stream specifier: (?P<rest>.*?)\.?$",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "{rest} is not how a stream is named",
            "write :v for video, :a for sound, :s for subtitles, and a number after it, as :a:1",
        ),
    ),
    Rule(
        r"Unable to locate subtitle stream in (?P<path>.*)",
        Says(
            _NO,
            "{path} has no such subtitles",
            "give a file that has subtitles to the filter, or the number of those that it has, as si=0",
        ),
    ),
    Rule(
        r"Output file is empty, nothing was encoded|Empty output stream",
        Says(
            FailureCode.NOTHING_WRITTEN,
            "nothing came out: not one frame was left to write",
            "choose an -ss within the input's length, a longer -t, or a filter that lets frames pass",
        ),
    ),
)
