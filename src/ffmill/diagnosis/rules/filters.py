"""A filter that is unknown, or does not take its options."""

import re
from dataclasses import replace

from ffmill.diagnosis import names
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import (
    ESCAPE,
    graphs_with,
    is_unbalanced,
    swapped,
    with_escaped_colons,
    with_escaped_commas,
)
from ffmill.diagnosis.nearest import Nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says, told
from ffmill.errors import FailureCode
from ffmill.jobs import graphs
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_TEXTS = ("text=", "force_style=")
_BAD = FailureCode.BAD_FILTER_OPTION


def _unknown(clue: Clue) -> Finding:
    if escaped := _comma(clue.scene):
        return escaped
    if any(is_unbalanced(option.value) for option in graphs_with(clue.scene, "(")):
        return Finding(
            code=FailureCode.BAD_FILTER_GRAPH,
            summary="a parenthesis in the filter graph is opened and not closed, or the other way round",
            hint="close every parenthesis; " + ESCAPE,
        )
    if problem := clue.scene.problem(clue["name"], FailureCode.NO_SUCH_FILTER):
        found = told(problem, clue.scene)
        return found if found.mended else replace(found, mended=_text(clue.scene, clue["name"]))
    return Finding(
        code=FailureCode.NO_SUCH_FILTER, summary=f"this FFmpeg has no filter {shown(clue['name'])}", hint=ESCAPE
    )


def _unknown_name(scene: Scene) -> str | None:
    """The first filter that is unknown, of which FFmpeg may complain only by what follows it."""
    if scene.build is None:
        return None
    names_there = (name for option in graphs_with(scene, "") for name, _ in graphs.filters(option.value))
    return next((name for name in names_there if name not in scene.build.lists.filters), None)


def _text(scene: Scene, name: str) -> tuple[Word, ...] | None:
    """A comma in drawn text or a style, as of `text=Hello, world`."""
    texts = [option for mark in _TEXTS for option in graphs_with(scene, mark)]
    found = list(re.finditer(rf",\s*{re.escape(name)}\b", texts[0].value)) if len(texts) == 1 else []
    if len(found) != 1 or not any(mark in texts[0].value[: found[0].start()] for mark in _TEXTS):
        return None
    at, value = found[0].start(), texts[0].value
    return scene.draft().replace(texts[0].at + 1, f"{value[:at]}\\{value[at:]}").words


def _comma(scene: Scene) -> Finding | None:
    """A comma in an expression, as of `select=gt(n,2)`, which ends the filter."""
    draft, mended = scene.draft(), False
    for option in graphs_with(scene, "("):
        if (text := with_escaped_commas(option.value)) != option.value:
            draft.replace(option.at + 1, text)
            mended = True
    if not mended:
        return None
    return Finding(
        code=FailureCode.BAD_FILTER_GRAPH,
        summary="a comma within an expression of the filter graph ends the filter there",
        hint="write \\, for each comma in parentheses, with the graph in quotes, or put '…' around the expression",
        mended=draft.words,
    )


def _no_name(clue: Clue) -> Finding:
    """`No option name near`: more values than the filter has options, or a colon in a text."""
    scene, rest = clue.scene, clue["rest"]
    if escaped := _comma(scene):
        return escaped
    if (name := _unknown_name(scene)) and (unknown := scene.problem(name, FailureCode.NO_SUCH_FILTER)):
        found = told(unknown, scene)
        return found if found.mended else replace(found, mended=_text(scene, name))
    texts = graphs_with(scene, "drawtext") if any("text=" in option.value for option in graphs_with(scene, ":")) else []
    mended = with_escaped_colons(texts[0].value, rest) if len(texts) == 1 else ""
    changed = bool(texts) and mended != texts[0].value
    return Finding(
        code=_BAD,
        summary=f"a value of a filter has no option's name, near {shown(rest)}: there are more values than the filter "
        "takes, or a colon belongs to a text",
        hint="write name=value for each option; " + ESCAPE + " (a colon in drawn text: '…\\:…')",
        mended=scene.draft().replace(texts[0].at + 1, mended).words if changed else None,
    )


def _no_option(clue: Clue) -> Finding:
    scene, name, of = clue.scene, clue["option"], clue["filter"] or clue.line.filter or clue.line.speaker
    if of == "pan":
        return _pan(scene)
    if problem := scene.problem(name, _BAD):
        return told(problem, scene)
    found = names.filter_option(name, of, scene.build.lists) if scene.build else Nearest()
    has = ", ".join(scene.build.lists.filter_options.get(of, ())[:30]) if scene.build else ""
    return Finding(
        code=_BAD,
        summary=f"the filter {of} has no option {shown(name)}",
        hint=found.hint() or (f"{of} has: {has}" if has else "leave it out"),
        mended=swapped(scene, f"{name}=", f"{found.sure}=" if found.sure else None),
    )


def _pan(scene: Scene) -> Finding:
    """`pan=stereo:c0=c0:c1=c0`."""
    found = [one for option in graphs_with(scene, "pan=") for one in re.findall(r"\bpan=[^,;\[\]]*", option.value)]
    right = found[0].replace(":", "|") if len(found) == 1 else None
    return Finding(
        code=_BAD,
        summary="pan has no options, only a layout and channels with | between them",
        hint=f"write {right or 'pan=stereo|c0=c0|c1=c1'}",
        mended=swapped(scene, found[0], right) if found else None,
    )


def _no_option_of_old(clue: Clue) -> Finding | None:
    """As FFmpeg said it up to version 5, in the name of the filter."""
    of = clue.line.filter or clue.line.speaker
    is_filter = clue.scene.build is not None and of in clue.scene.build.lists.filters
    return _no_option(clue) if is_filter else None


def _timeline(clue: Clue) -> Finding:
    return Finding(
        code=_BAD,
        summary=f"the filter {clue['filter']} cannot be switched on and off by enable",
        hint="leave enable out, or split the stream, filter one part, and lay it over the other with "
        "overlay=enable='…', which can",
    )


RULES = (
    Rule(r"No such filter: '(?P<name>.+)'", _unknown),
    Rule(r"No option name near '(?P<rest>.*)'", _no_name),
    Rule(r"Error applying option '(?P<option>.*?)' to filter '(?P<filter>.*?)': Option not found", _no_option),
    Rule(r"Option '(?P<option>\w+)' not found", _no_option_of_old),
    Rule(r"Could not set non-existent option '(?P<option>.*?)'", _no_option),
    Rule(r"Timeline \('enable' option\) not supported with filter '(?P<filter>\w+)'", _timeline),
    Rule(
        r"Either text, a valid file, a timecode or text source must be provided",
        Says(_BAD, "drawtext has no text to draw", "write drawtext=text='…'"),
    ),
    Rule(
        r"(?:Cannot find a valid font|Could not load font|Could not load fontconfig pattern)(?P<rest>.*)",
        Says(
            _BAD,
            "drawtext finds no such font",
            "leave fontfile and font out, or give the font as an input: fontfile={{font.ttf}}",
        ),
    ),
)
