"""A filter does not take the value of an option, or what comes in."""

import re

from ffmill.diagnosis import names
from ffmill.diagnosis.graphtext import ESCAPE, graphs_with, swapped
from ffmill.diagnosis.nearest import Nearest, nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.diagnosis.rules import values
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown
from ffmill.jobs.options import set_of

_BAD = FailureCode.BAD_FILTER_OPTION
COLORS = set_of(  # of the 140 that libavutil/parseutils.c knows
    """
    black white red green blue yellow cyan magenta gray orange purple pink brown navy silver gold lime maroon olive teal
    violet indigo turquoise beige ivory crimson salmon coral khaki orchid plum tan tomato chocolate random
    """
)
_SAME = "make them alike before it, as by [1:v]scale={size},setsar=1[b], and take [b] in place of [1:v]"


def _out_of_range(clue: Clue) -> Finding | None:
    """Of encoders and formats, the rules of values tell."""
    of = clue.line.filter
    if of is None:
        return None
    return Finding(
        code=_BAD,
        summary=f"{clue['name']} of the filter {of} is {_number(clue['value'])}, "
        f"and may be {values.span(clue['low'], clue['high'])}",
        hint=f"write {clue['name']}= and a number {values.span(clue['low'], clue['high'])}",
    )


def _number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bad_value(clue: Clue) -> Finding | None:
    of, option, value = clue.line.filter, clue["option"], clue["value"]
    if of is None:
        return None
    taken = clue.scene.build.lists.option_values.get(f"{of}.{option}", ()) if clue.scene.build else ()
    kind = clue["kind"]
    found = nearest(value, COLORS if kind == "color" else taken, common=COLORS)
    takes = f"{option} takes: {', '.join(taken[:70])}" if taken else f"write {values.kind_of_value(kind)}"
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no value that {option} of the filter {of} takes",
        hint=(found.hint() + "; " if found.names else "") + takes,
        mended=swapped(clue.scene, value, found.sure),
    )


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


def _one_size(clue: Clue) -> Finding:
    value = clue["value"]
    mended = swapped(clue.scene, f"scale={value}", f"scale={value}:-2") if value.isdigit() else None
    return Finding(
        code=_BAD,
        summary=f"{clue.line.filter or 'scale'} needs a width and a height, and {shown(value)} is not both",
        hint=f"write scale={value if value.isdigit() else 640}:-2, where -2 keeps the picture's shape",
        mended=mended,
    )


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
        r"Invalid too big or non positive size for width '(?P<width>-?\d+)' or height '(?P<height>-?\d+)'",
        Says(
            _BAD,
            "crop is to cut {width}×{height} out of a picture that is smaller",
            "write a smaller size, or crop='min(iw,{width})':'min(ih,{height})', which cuts no more than there is",
        ),
    ),
    Rule(
        r"Too big value or invalid expression for out_w/ow or out_h/oh",
        Says(_BAD, "crop cannot work out its size", "write numbers, or expressions of iw and ih, as crop=iw/2:ih/2"),
    ),
    Rule(
        r"Padded dimensions cannot be smaller than input dimensions",
        Says(
            _BAD,
            "pad only makes a picture larger, and was given a size that is smaller",
            "scale it down first, as scale=W:H:force_original_aspect_ratio=decrease,pad=W:H:-1:-1",
        ),
    ),
    Rule(
        r"First input link \w+ parameters \(size (?P<size>\d+x\d+)\) do not match the corresponding second input link "
        r"\w+ parameters \(size (?P<other>\d+x\d+)\)",
        Says(_BAD, "{speaker} takes pictures of one size, and got {size} and {other}", _SAME),
    ),
    Rule(
        r"Input link \S+ parameters \(size (?P<other>\d+x\d+).*?\) do not match the corresponding output link \S+ "
        r"parameters \((?P<size>\d+x\d+)",
        Says(_BAD, "{speaker} takes pictures of one size, and got {size} and {other}", _SAME),
    ),
    Rule(
        r"First input link \w+ timebase \((?P<one>[\d/]+)\) do not match the corresponding second input link \w+ "
        r"timebase \((?P<two>[\d/]+)\)",
        Says(
            _BAD,
            "{speaker} takes streams of one time base, and got {one} and {two}",
            "make them alike before it, as by [0:v]fps=25,settb=AVTB[a];[1:v]fps=25,settb=AVTB[b]",
        ),
    ),
    Rule(
        r"First input link \w+ frame rate \((?P<one>[\d/]+)\) do not match the corresponding second input link \w+ "
        r"frame rate \((?P<two>[\d/]+)\)",
        Says(
            _BAD,
            "{speaker} takes streams of one frame rate, and got {one} and {two}",
            "write fps=25 before it for both",
        ),
    ),
    Rule(
        r"Input \d+ (?P<what>width|height) (?P<one>\d+) does not match input \d+ (?:width|height) (?P<two>\d+)",
        Says(
            _BAD,
            "{speaker} takes pictures of one {what}, and got {two} and {one}",
            "scale them alike before it, as by [1:v]scale=-2:{two}[b] (for vstack scale={two}:-2)",
        ),
    ),
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
