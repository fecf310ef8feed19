"""A filter does not take the value of an option."""

import re

from ffmill.diagnosis import names
from ffmill.diagnosis.graphtext import ESCAPE, graphs_with, swapped
from ffmill.diagnosis.nearest import Nearest, nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.diagnosis.rules import values
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown
from ffmill.jobs.options import set_of

_BAD = FailureCode.BAD_FILTER_OPTION
_OF_SIZES = set_of("scale crop pad overlay drawbox drawtext zoompan")
COLORS = set_of(  # of the 140 that libavutil/parseutils.c knows
    """
    black white red green blue yellow cyan magenta gray orange purple pink brown navy silver gold lime maroon olive teal
    violet indigo turquoise beige ivory crimson salmon coral khaki orchid plum tan tomato chocolate random
    """
)


def _out_of_range(clue: Clue) -> Finding | None:
    """Of encoders and formats, the rules of values tell."""
    of = clue.line.filter
    if of is None:
        return None
    return Finding(
        code=_BAD,
        summary=f"{clue['name']} of the filter {of} is {_number(clue['value'])}, "
        f"and may be {values.span(clue['low'], clue['high'])}",
        hint=_within(clue, of),
        mended=_in_decibels(clue, of),
    )


def _within(clue: Clue, of: str) -> str:
    name, value = clue["name"], _number(clue["value"])
    if _is_decibels(clue, of):
        return f"write {name}={value}dB; without a unit it is a share of the loudest"
    if of == "atempo":
        return (
            f"write {name}= and a number {values.span(clue['low'], clue['high'])}; atempo=0.5,atempo=0.5 is a quarter"
        )
    taken = clue.scene.build.lists.option_values.get(f"{of}.{name}", ()) if clue.scene.build else ()
    names = f", or one of: {', '.join(taken[:40])}" if taken else ""
    return f"write {name}= and a number {values.span(clue['low'], clue['high'])}{names}"


def _is_decibels(clue: Clue, of: str) -> bool:
    """A threshold of sound below 0, as silenceremove has it, is meant in decibels."""
    of_sound = clue.scene.build is not None and clue.scene.build.lists.filters.get(of, "").startswith("A")
    return of_sound and "threshold" in clue["name"] and clue["value"].startswith("-")


def _in_decibels(clue: Clue, of: str) -> tuple[Word, ...] | None:
    text = f"{clue['name']}={_number(clue['value'])}"
    plain = rf"{re.escape(text)}(?![\w.])"
    is_plain = any(re.search(plain, option.value) for option in graphs_with(clue.scene, text))
    return swapped(clue.scene, text, f"{text}dB") if _is_decibels(clue, of) and is_plain else None


def _number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bad_value(clue: Clue) -> Finding | None:
    of, option, value = clue.line.filter, clue["option"], clue["value"]
    if of is None:
        return None
    taken = clue.scene.build.lists.option_values.get(f"{of}.{option}", ()) if clue.scene.build else ()
    kind = clue["kind"]
    summary = f"{shown(value)} is no value that {option} of the filter {of} takes"
    if clue.scene.build and value in clue.scene.build.lists.filter_options.get(of, ()):
        hint = f"{value} is an option of {of} itself: write {value}=1, or another value"
        return Finding(code=_BAD, summary=summary, hint=hint)
    found = nearest(value, COLORS if kind == "color" else taken, common=COLORS)
    takes = f"{option} takes: {', '.join(taken[:70])}" if taken else f"write {values.kind_of_value(kind)}"
    named = any(f"{option}=" in graph for graph in clue.scene.line.graphs)
    place = f"; a value without a name is for the option in turn, {option} here: write its NAME= before it"
    plain = None if taken or kind else _without_unit(value)
    return Finding(
        code=_BAD,
        summary=summary,
        hint=(f"write {plain}" if plain else (found.hint() + "; " if found.names else "") + takes)
        + (place if kind and not named else ""),
        mended=swapped(clue.scene, value, plain or found.sure),
    )


def _without_unit(value: str) -> str | None:
    """`200Hz`, `24px`: the number, where the unit is the one that FFmpeg counts in anyway."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:Hz|px|fps)", value, re.IGNORECASE)
    return found[1] if found else None


def _transition(clue: Clue) -> Finding | None:
    """What xfade says of a transition that it does not have; the name stands in the graph alone."""
    option = clue["option"]
    of = clue.line.filter or ""
    taken = clue.scene.build.lists.option_values.get(f"{of}.{option}", ()) if clue.scene.build else ()
    for graph in graphs_with(clue.scene, f"{option}="):
        value = graph.value.partition(f"{option}=")[2].partition(":")[0].partition("[")[0].strip("'")
        found = nearest(value, taken)
        return Finding(
            code=_BAD,
            summary=f"{shown(value)} is no value that {option} of the filter {of} takes",
            hint=f"{found.hint() or 'choose one'}; {option} takes: {', '.join(taken[:70])}",
            mended=swapped(clue.scene, f"{option}={value}", f"{option}={found.sure}" if found.sure else None),
        )
    return None


def _color(clue: Clue) -> Finding:
    found = nearest(clue["value"], COLORS)
    return Finding(
        code=_BAD,
        summary=f"{shown(clue['value'])} is no color",
        hint=(found.hint() or "write a name, as red")
        + ", or six hexadecimal digits, as 0xFF8800, or red@0.5 for half of it",
        mended=swapped(clue.scene, clue["value"], found.sure),
    )


def _pixel_format(clue: Clue) -> Finding:
    name = clue["name"]
    found = names.pixel_format(name, clue.scene.build.lists) if clue.scene.build else Nearest()
    return Finding(
        code=FailureCode.NO_SUCH_PIXEL_FORMAT,
        summary=f"this FFmpeg has no pixel format {shown(name)}",
        hint=found.hint() or "write yuv420p, which plays everywhere",
        mended=swapped(clue.scene, name, found.sure),
    )


def _expression(clue: Clue) -> Finding | None:
    scene = clue.scene
    if clue.line.filter is None:
        return None
    # a blank in place of a comma: `scale=80:-2 hflip`
    found = re.fullmatch(r"\S+(?P<gap>\s+)(?P<name>\w+).*", clue["text"])
    run_on = (
        found["gap"] + found["name"] if found and scene.build and found["name"] in scene.build.lists.filters else ""
    )
    if clue.line.filter in _OF_SIZES and re.fullmatch(r"\d+%", clue["text"]):
        return _share(clue)
    right = _plain_expression(clue["text"])
    if right:
        return Finding(
            code=_BAD,
            summary=f"the filter {clue.line.filter} cannot work out {shown(clue['text'])}",
            hint=f"write {right}",
            mended=swapped(scene, clue["text"], right),
        )
    return Finding(
        code=_BAD,
        summary=f"the filter {clue.line.filter} cannot work out "
        + (shown(clue["text"]) if clue["text"] else "an expression that breaks off"),
        hint="write a number, or an expression of what the filter knows, as iw, ih, W, H, w, h, t or n, "
        "with every parenthesis closed; " + ESCAPE
        if not run_on
        else f"write a comma before {run_on.strip()}",
        mended=swapped(scene, run_on, f",{run_on.strip()}") if run_on else None,
    )


def _share(clue: Clue) -> Finding:
    """`crop=50%:50%`: of what, the place tells."""
    share = f"{int(clue['text'].rstrip('%')) / 100:g}"
    return Finding(
        code=_BAD,
        summary=f"the filter {clue.line.filter} cannot work out {shown(clue['text'])}",
        hint=f"write iw*{share} for a share of the width, ih*{share} of the height (w and h in drawtext)",
    )


def _plain_expression(text: str) -> str | None:
    """`24px`, `200%`, `0.5PTS`."""
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)%", text):
        return f"{float(found[1]) / 100:g}"
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)(PTS|STARTPTS|iw|ih|in_w|in_h)", text):
        return f"{found[1]}*{found[2]}"
    return _without_unit(text)


def _one_size(clue: Clue) -> Finding:
    value = clue["value"]
    right = _size(value)
    return Finding(
        code=_BAD,
        summary=f"{clue.line.filter or 'scale'} needs a width and a height, and {shown(value)} is not both",
        hint=f"write scale={right or '640:-2'}, where -2 keeps the picture's shape",
        mended=swapped(clue.scene, f"scale={value}", f"scale={right}") if right else None,
    )


def _size(value: str) -> str | None:
    """`640`, `50%`, and `720p`, which is a height."""
    if value.isdigit():
        return f"{value}:-2"
    if found := re.fullmatch(r"(\d+)%", value):
        return f"iw*{int(found[1]) / 100:g}:-2"
    found = re.fullmatch(r"(\d+)[pP]", value)
    return f"-2:{found[1]}" if found else None


RULES = (
    Rule(
        r"Value (?P<value>\S+) for parameter '(?P<name>.*?)' out of range \[(?P<low>\S+) - (?P<high>\S+)\]",
        _out_of_range,
    ),
    Rule(r"Cannot find color '(?P<value>.*?)'", _color),
    Rule(r"Unable to parse \"(?P<option>.*?)\" option value \"(?P<value>.*?)\"(?: as (?P<kind>.*))?$", _bad_value),
    Rule(r"const_values array too small for (?P<option>\w+)", _transition),
    Rule(r"Invalid pixel format '(?P<name>.*?)'", _pixel_format),
    Rule(r"Invalid size '(?P<value>.*?)'", _one_size),
    Rule(
        r"Invalid channel layout '(?P<name>.*?)'",
        Says(_BAD, '"{name}" is no layout of channels', "write mono, stereo, 5.1, or a number of channels, as 2c"),
    ),
    Rule(
        r"Invalid string '(?P<value>.*?)' for aspect ratio",
        Says(_BAD, '"{value}" is no aspect ratio for {speaker}', "write two numbers above 0, as 16/9 or 1"),
    ),
    Rule(
        r"Invalid syntax for delay",
        Says(_BAD, "adelay does not take this delay", "write milliseconds, one for each channel, as adelay=500|500"),
    ),
    Rule(
        r"(?:Cannot parse expression for \w+: |Error (?:when|while|occurred) (?:evaluating|parsing) (?:the |angle )?"
        r"(?:\w+ )?expression )'(?P<text>.*?)'",
        _expression,
    ),
    Rule(r"Failed to parse expression: (?P<text>.*)", _expression),
    Rule(
        r"(?:Undefined constant or missing '\(' in|Missing '\)' or too many args in"
        r"|Invalid chars .* at the end of expression) '(?P<text>.*)'",
        _expression,
    ),
)
