"""A value that an option of an encoder or a format does not take."""

import re

from ffmill.diagnosis import graphtext
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import graphs_with
from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_OPTION_VALUE
VALUES = {
    "image size": "a size, as 640x360",
    "video rate": "a frame rate, as 25 or 30000/1001",
    "duration": "a time in seconds, as 1.5, or as 00:01:30",
    "color": "a color, as red or 0xFF8800 (six digits), or red@0.5 for half of it",
    "boolean": "1 or 0",
    "channel layout": "a layout of channels, as mono, stereo or 5.1",
}
# What encoders take for options whose names FFmpeg's lists do not have.
_OF_ENCODERS = {
    ("libsvtav1", "preset"): "a number from 0, the slowest, to 13, the fastest",
    ("prores_ks", "profile"): "proxy, lt, standard, hq, 4444 or 4444xq",
}
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[kKmMgG]?)(?:i?[bB](?:it)?(?:ps|/s)?|ps)")


def swapped(scene: Scene, value: str, right: str | None, *names: str) -> tuple[Word, ...] | None:
    """The command with another value for the one option that has this one."""
    given = [
        option
        for option in scene.line.options
        if option.value == value and (not names or option.name in names or scene.argv[option.at][1:] in names)
    ]
    return scene.draft().replace(given[0].at + 1, right).words if right is not None and len(given) == 1 else None


def _unparsed(clue: Clue) -> Finding:
    """`Unable to parse "crf" option value "high"`: what the option takes, its list tells, where it has one."""
    option, value = clue["option"], clue["value"]
    if rate := _RATE.fullmatch(value):
        right = rate["number"] + rate["unit"]
        return Finding(
            code=_BAD,
            summary=f"{shown(value)} is no bit rate",
            hint=f"write {right}: k is thousands, M is millions of bits per second",
            mended=_bit_rates(clue.scene),
        )
    if re.fullmatch(r"\d+,\d+", value):
        right = value.replace(",", ".")
        return Finding(
            code=_BAD,
            summary=f"-{option} takes a number, and {shown(value)} is none",
            hint=f"write {right}",
            mended=swapped(clue.scene, value, right),
        )
    taken = clue.scene.build.lists.option_values.get(option, ()) if clue.scene.build else ()
    if not taken and not clue["kind"] and value.lower() in _TRUE + _FALSE:
        right = "1" if value.lower() in _TRUE else "0"
        return Finding(
            code=_BAD,
            summary=f"-{option} takes a number, and {shown(value)} is none",
            hint=f"write -{option} {right}",
            mended=swapped(clue.scene, value, right, option),
        )
    return _of_list(clue, option, value, taken)


def kind_of_value(kind: str) -> str:
    """What FFmpeg's name for a kind of value means, with an example."""
    return VALUES.get(kind, f"a {kind}" if kind else "a number")


def span(low: str, high: str) -> str:
    """Between which numbers a value may be."""
    return f"{low} or more" if "e+" in high else f"from {low} to {high}"


def _bit_rates(scene: Scene) -> tuple[Word, ...]:
    """All bit rates of the command without their unit, which FFmpeg would complain of next."""
    draft = scene.draft()
    for option in scene.options("b", "ab", "vb", "maxrate", "minrate", "bufsize"):
        if rate := _RATE.fullmatch(option.value):
            draft.replace(option.at + 1, rate["number"] + rate["unit"])
    return draft.words


def _with_plus(clue: Clue, option: str, value: str, taken: tuple[str, ...]) -> Finding | None:
    """`faststart,frag_keyframe`."""
    if "," not in value or not set(value.split(",")) <= set(taken):
        return None
    right = value.replace(",", "+")
    return Finding(
        code=_BAD,
        summary=f"-{option} takes several values with + between them, not commas",
        hint=f"write {right}",
        mended=swapped(clue.scene, value, right),
    )


def _of_list(clue: Clue, option: str, value: str, taken: tuple[str, ...]) -> Finding:
    if joined := _with_plus(clue, option, value, taken):
        return joined
    found = nearest(value, taken)
    given = next((one for one in clue.scene.line.options if value in one.value and one.name == option), None)
    mended = None
    if given is None and graphs_with(clue.scene, value):  # as flags of scale, which swscale reads
        return Finding(
            code=FailureCode.BAD_FILTER_OPTION,
            summary=f"{shown(value)} is no value that {option} takes",
            hint=(found.hint() + "; " if found.names else "") + f"it takes: {', '.join(taken[:40])}",
            mended=graphtext.swapped(clue.scene, value, found.sure),
        )
    if found.sure and given and given.value.count(value) == 1:
        mended = clue.scene.draft().replace(given.at + 1, given.value.replace(value, found.sure)).words
    near = f"{found.hint()}; " if found.names else ""
    takes = f"it takes: {', '.join(taken[:40])}" if taken else f"it takes {kind_of_value(clue['kind'])}"
    if own := _OF_ENCODERS.get((clue.line.speaker, option)):
        takes = f"it takes {own}"
    elif option == "loop":
        takes = "0 is without end, -1 not at all"
    elif not taken and option in ("preset", "profile", "quality", "tune"):
        takes += f", or a name that {clue.line.speaker} has for it; or leave -{option} out"
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no value that -{option} of {clue.line.speaker or 'FFmpeg'} takes",
        hint=near + takes,
        mended=mended,
    )


def _flags(clue: Clue) -> Finding | None:
    """`+faststart+frag_keyfram`: the part that is wrong is told apart from the whole."""
    whole = next((line.text for line in clue.scene.lines if line.text.startswith("Unable to parse ")), "")
    found = re.match(r"Unable to parse \"(?P<option>[^\"]*)\" option value \"(?P<value>[^\"]*)\"", whole)
    taken = clue.scene.build.lists.option_values.get(found["option"], ()) if found and clue.scene.build else ()
    if not found or not taken or clue.line.filter or clue["part"] not in found["value"]:
        return None
    return _of_list(clue, found["option"], clue["part"], taken)


def _range(clue: Clue) -> Finding:
    value = clue["value"].rstrip("0").rstrip(".") if "." in clue["value"] else clue["value"]
    may_be = span(clue["low"], clue["high"])
    return Finding(
        code=_BAD,
        summary=f"-{clue['name']} of {clue.line.speaker or 'FFmpeg'} is {value}, and may be {may_be}",
        hint=f"write a number {may_be}",
    )


RULES = (
    Rule(
        r"Error setting output stream dispositions|Unable to parse \"disposition\"",
        Says(_BAD, "-disposition does not take this", "write default, forced, attached_pic or 0, several joined by +"),
    ),
    Rule(r"(?:Undefined constant or missing '\(' in|Invalid chars .* at the end of expression) '(?P<part>.*)'", _flags),
    Rule(r"Unable to parse \"(?P<option>.*?)\" option value \"(?P<value>.*?)\"(?: as (?P<kind>.*))?$", _unparsed),
    Rule(r"Value (?P<value>\S+) for parameter '(?P<name>.*?)' out of range \[(?P<low>\S+) - (?P<high>\S+)\]", _range),
    Rule(
        r"Error setting option (?P<name>\w+-params|x26\dopts) to value (?P<value>.*?)\.$",
        Says(
            _BAD,
            "{speaker} does not take {value} for -{name}",
            "leave -{name} out, or write name=value, with : between several",
        ),
    ),
    Rule(
        r"Error setting option (?P<name>\S+) to value (?P<value>.*?)\.$",
        Says(_BAD, "{speaker} does not take {value} for -{name}", "leave -{name} out, or write another value"),
    ),
    Rule(
        r"Failed to set value '(?P<value>.*?)' for option '(?P<name>.*?)': (?P<why>.*)",
        Says(_BAD, '-{name} does not take "{value}" ({why})', "leave -{name} out, or write another value"),
    ),
)
