"""A word that FFmpeg takes for the name of an output, and that was meant as something else."""

import re
from collections.abc import Iterator

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown
from ffmill.jobs.options import FLAGS, GRAPHS, File, Option, set_of

_BAD = FailureCode.BAD_OPTION_VALUE
_DASHES = "‐‑‒–—―−"  # noqa: RUF001  # what word processors make of a dash
_OPTION = re.compile(r"(?:c|b|q|codec|filter|frames|profile|tag|bsf|crop|crf|preset|map|vf|af|an|vn)(?::\S*)?")
_QUOTES = ("“", "„", "‘", "«")  # noqa: RUF001  # they begin a value, and end it as little as they group it
_PROGRAM = re.compile(r"(?:.*[/\\])?ffmpeg(?:\.exe)?", re.IGNORECASE)
_STREAM = re.compile(r"\[[^\]]+\]|\d+:[vasdt](?::\d+)?\??")
_UNITS = {"": set_of("s sec secs second seconds fps px"), "k": set_of("k kb kbps kbit"), "M": set_of("m mb mbps mbit")}
_TEXTS = GRAPHS | {"metadata"}  # values in which people write blanks


def _no_format(clue: Clue) -> Finding:
    """`Unable to choose an output format for`: a name without a suffix, or a word that was meant otherwise."""
    path, scene = "-" if clue["path"] == "pipe:" else clue["path"], clue.scene
    file = next((one for one in scene.line.outputs if one.path == path), None)
    found = next((one for way in _WAYS if file and (one := way(scene, file))), None)
    return found or _without_suffix(scene, path, file)


def _lost_dash(scene: Scene, file: File) -> Finding | None:
    """`–vf` of a word processor, `vf`, or a blank that a backslash has made part of the word."""
    plain = file.path.strip()
    if plain[:1] not in _DASHES and not _OPTION.fullmatch(plain) and not plain.startswith("-"):
        return None
    if plain in ("", "-"):
        return None
    option = "-" + plain.lstrip(_DASHES + "-")
    return Finding(
        code=FailureCode.NO_SUCH_OPTION,
        summary=f"{shown(file.path)} does not begin with a dash (-), so it is read as the name of an output",
        hint=f"write {option}",
        mended=scene.draft().replace(file.at, option).words,
    )


def _lone_dash(scene: Scene, file: File) -> Finding | None:
    """`- vf scale=…`: the dash alone is standard output."""
    after = scene.argv[file.at + 1] if file.at + 1 < len(scene.argv) else ""
    if file.path != "-" or not _OPTION.fullmatch(after):
        return None
    return Finding(
        code=FailureCode.NO_SUCH_OPTION,
        summary=f"a blank stands between - and {after}",
        hint=f"write -{after}",
        mended=scene.draft().replace(file.at, f"-{after}").drop(file.at + 1).words,
    )


def _program(scene: Scene, file: File) -> Finding | None:
    if file.at or not _PROGRAM.fullmatch(file.path):
        return None
    return Finding(
        code=FailureCode.OUTPUT_FORMAT_UNKNOWN,
        summary=f"{shown(file.path)} is read as the name of an output: a command is what follows the word ffmpeg",
        hint="leave it out",
        mended=scene.draft().drop(0).words,
    )


def _after_flag(scene: Scene, file: File) -> Finding | None:
    before = scene.argv[file.at - 1] if file.at else ""
    if not before.startswith("-") or before[1:].partition(":")[0] not in FLAGS:
        return None
    return Finding(
        code=_BAD,
        summary=f"{before} takes no value, so {shown(file.path)} after it is read as the name of an output",
        hint=f"write {before} alone",
        mended=scene.draft().drop(file.at).words,
    )


def _eaten(scene: Scene, file: File) -> Finding | None:
    """An option without its value takes the next option for it."""
    option = _before(file)
    if option is None or not re.match(r"-\D", option.value):
        return None
    word = scene.argv[option.at]
    return Finding(
        code=_BAD,
        summary=f"{word} has no value, and takes {option.value} for it",
        hint=f"write the value of {word}, or leave it out",
    )


def _broken_specifier(scene: Scene, file: File) -> Finding | None:
    """`-c: v libx264`, `-c :v libx264`."""
    option = _before(file)
    parts = re.fullmatch(r"(-\w+):? :?([vas])", f"{scene.argv[option.at]} {option.value}") if option else None
    if option is None or parts is None or option.name not in ("c", "codec", "b", "q", "filter"):
        return None
    right = f"{parts[1]}:{parts[2]}"
    return Finding(
        code=_BAD,
        summary=f"a blank stands within {right}",
        hint=f"write {right} {file.path}",
        mended=scene.draft().replace(option.at, right).drop(option.at + 1).words,
    )


def _second_map(scene: Scene, file: File) -> Finding | None:
    """`-map 0:v 0:a`."""
    option = _before(file)
    if option is None or option.name != "map" or not _STREAM.fullmatch(file.path):
        return None
    return Finding(
        code=_BAD,
        summary=f"-map takes one stream, so {shown(file.path)} after it is read as the name of an output",
        hint=f"write -map before each: -map {option.value} -map {file.path}",
        mended=scene.draft().insert(file.at, "-map").words,
    )


def _unit(scene: Scene, file: File) -> Finding | None:
    """`-t 5 sec`, `-b:v 1500 kb`."""
    option = _before(file)
    unit = next((unit for unit, spelled in _UNITS.items() if file.path.lower() in spelled), None)
    if option is None or unit is None or file is scene.line.outputs[-1] or not re.fullmatch(r"[\d.:]+", option.value):
        return None
    right = option.value + unit
    return Finding(
        code=_BAD,
        summary=f"the unit {shown(file.path)} after {option.value} is read as the name of an output",
        hint=f"write {scene.argv[option.at]} {right}",
        mended=scene.draft().replace(option.at + 1, right).drop(file.at).words,
    )


def _cut_off(scene: Scene, file: File) -> Finding | None:
    """`-vf scale=80:-2, hflip`, `-metadata title=My film`: a blank ends the value."""
    option = _before(file)
    if option is None or option.name not in _TEXTS or file is scene.line.outputs[-1] or option.value[:1] in _QUOTES:
        return None
    rest = list(_rest(scene, file.at))
    joined = _joined(scene, option.value, rest)
    word = scene.argv[option.at]
    return Finding(
        code=_BAD,
        summary=f"a blank ends the value of {word}, and {shown(file.path)} after it is read as the name of an output",
        hint=f'put the whole value in quotes: {word} "{joined}"',
        mended=scene.draft().replace(option.at + 1, joined).drop(file.at, len(rest)).words,
    )


def _rest(scene: Scene, at: int) -> Iterator[str]:
    """The words from here on that may belong to a value."""
    for word in scene.argv[at:]:
        if word.startswith(("-", "outputs/")):
            return
        yield word


def _joined(scene: Scene, value: str, rest: list[str]) -> str:
    """With a comma, where the next word is another filter: `scale=80:-2 hflip`."""
    name = re.match(r"\w+", rest[0])
    known = name is not None and scene.build is not None and name[0] in scene.build.lists.filters
    is_filter = known and value[-1:] not in ",;]=:" and "text=" not in value
    return value + ("," if is_filter else " ") + " ".join(rest)


def _before(file: File) -> Option | None:
    """The option whose value stands right before the word."""
    option = file.options[-1] if file.options else None
    return option if option and option.at == file.at - 2 else None


def _without_suffix(scene: Scene, path: str, file: File | None) -> Finding:
    """Before the last output, or none of the job's: more likely a word too many."""
    outputs = scene.line.outputs
    stray = file is not None and not path.startswith("outputs/") and file is not outputs[-1]
    return Finding(
        code=FailureCode.OUTPUT_FORMAT_UNKNOWN,
        summary=f"{shown(path)} stands alone, so it is read as the name of an output"
        if stray
        else f"FFmpeg chooses the format by the end of an output's name, and {shown(path)} has none that it knows",
        hint="leave it out, write the option that it belongs to before it, or put a value with blanks in quotes"
        if stray
        else "name the output with a suffix, as .mp4, .webm or .mp3 (in output_files too), "
        "or write -f FORMAT before it, as -f mp4",
    )


_WAYS = (
    _lost_dash,
    _lone_dash,
    _program,
    _after_flag,
    _eaten,
    _broken_specifier,
    _second_map,
    _unit,
    _cut_off,
)
RULES = (Rule(r"Unable to (?:choose an output format|find a suitable output format) for '(?P<path>.*?)'", _no_format),)
