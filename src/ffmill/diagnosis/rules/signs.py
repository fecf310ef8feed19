"""A wrong sign in a filter graph: a comma for a point or a colon, a colon for =, no semicolon between chains."""

import re
from itertools import pairwise

from ffmill.diagnosis import names
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import graphs_with, swapped
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs import graphs
from ffmill.jobs.mending import Word
from ffmill.jobs.options import set_of

_BAD = FailureCode.BAD_FILTER_OPTION
_OF_SIZES = set_of("scale crop pad overlay drawbox drawtext delogo")  # what follows their first number is another one
_OF_NUMBERS = set_of("volume atempo setpts asetpts rotate fps")  # their first value has a decimal point
_TEXTS = ("text=", "force_style=")
_FORMATS = ("format", "aformat")


def _knows(scene: Scene, name: str) -> bool:
    return scene.build is not None and name in scene.build.lists.filters


def _no_equals(clue: Clue) -> Finding | None:
    """`scale:80:-2`, `scale(80,-2)`."""
    scene, name, sign = clue.scene, clue["name"], clue["sign"]
    if not _knows(scene, name):
        return None
    mended = swapped(scene, f"{name}:", f"{name}=") if sign == ":" else _without_parentheses(scene, name)
    return Finding(
        code=FailureCode.BAD_FILTER_GRAPH,
        summary=f"{name} is a filter, and a {sign} after its name is read as part of the name",
        hint=f"write {name}= and its values with : between them",
        mended=mended,
    )


def _without_parentheses(scene: Scene, name: str) -> tuple[Word, ...] | None:
    called = [found for option in graphs_with(scene, "(") for found in re.findall(rf"{name}\([^()]*\)", option.value)]
    if len(called) != 1:
        return None
    values = called[0].removeprefix(f"{name}(").removesuffix(")")
    return swapped(scene, called[0], f"{name}={re.sub(r' *, *', ':', values)}")


def _number(clue: Clue) -> Finding | None:
    """`volume=0,5`, `scale=1280,720`: a comma ends a filter."""
    number = clue["number"]
    written = re.compile(
        rf"(?:^|[,;\]])\s*(?P<text>(?P<filter>\w+)=(?P<given>[^,;\[\]()]*[=:])?-?\w+,{re.escape(number)})"
    )
    found = [one for option in graphs_with(clue.scene, f",{number}") for one in written.finditer(option.value)]
    given = found[0]["given"] or "" if len(found) == 1 else ""
    if len(found) != 1 or given.endswith("text=") or "force_style=" in given:
        return None
    text, sign = found[0]["text"], _meant(found[0]["filter"], given)
    right = text.removesuffix(f",{number}") + f"{sign}{number}"
    return Finding(
        code=_BAD,
        summary=f"a comma ends a filter, so {number} after it is read as the name of another",
        hint=f"write {right}" if sign else "a decimal point is a point, as 0.5; values have : between them, as 640:360",
        mended=swapped(clue.scene, text, right) if sign else None,
    )


def _meant(of: str, given: str) -> str | None:
    """What the comma between two numbers stands for, after what is given before them."""
    if of in _OF_SIZES:
        return None if "=" in given or (of == "scale" and given) else ":"
    return "." if of in _OF_NUMBERS or "=" in given else None


def _with_points(graph: str) -> str:
    """The graph with points for commas, where the numbers of an option with a name or of a product have them."""
    filters = re.split(r"(?<=[,;\]])(?=\s*[a-z]\w*=)", graph)
    factor, value = r"(?<=\*)(\d+),(\d+)\b", r"(?<==)(\d+),(\d+)(?=[:;,\[]|$)"
    made = [re.sub(factor, r"\1.\2", one) for one in filters]
    return "".join(one if one.partition("=")[0].strip() in _OF_SIZES else _named_points(value, one) for one in made)


def _named_points(value: str, text: str) -> str:
    name, equals, arguments = text.partition("=")
    return name + equals + re.sub(value, r"\1.\2", arguments)


def _decimals(clue: Clue) -> Finding | None:
    """`afade=st=0,2:d=0,3`, `scale=iw*0,5:-2`: more stands after the comma than a number."""
    scene = clue.scene
    graph = next((one for one in graphs_with(scene, ",") if _has_number(one.value)), None)
    if graph is None:
        return None
    text = _with_points(graph.value)
    return Finding(
        code=_BAD,
        summary="a comma ends a filter, and a number after it is read as the name of another",
        hint="a decimal point is a point, as 0.5; values have : between them, as 640:360",
        mended=None if _has_number(text) else scene.draft().replace(graph.at + 1, text).words,
    )


def _has_number(graph: str) -> bool:
    """Whether the name of a filter begins with a digit, and no text or expression that may hold commas is there."""
    return not any(mark in graph for mark in ("(", *_TEXTS)) and any(
        name[0].isdigit() for name, _ in graphs.filters(graph)
    )


def _no_graph(clue: Clue) -> Finding | None:
    """`-lavfi -i testsrc`."""
    given = [option for option in clue.scene.line.options if option.value == "-i"]
    if len(given) != 1 or given[0].name != "lavfi":
        return None
    return Finding(
        code=FailureCode.BAD_OPTION_VALUE,
        summary="-lavfi is another name for -filter_complex, and takes -i for its graph",
        hint="write -f lavfi -i for an input that filters make",
        mended=clue.scene.draft().replace(given[0].at, "-f").insert(given[0].at + 1, "lavfi").words,
    )


def _unknown(clue: Clue) -> Finding | None:
    """What is no filter: an option of the filter before it, or another value of it."""
    for option in graphs_with(clue.scene, ","):
        for (before, _), (name, _) in pairwise(graphs.filters(option.value)):
            if not _knows(clue.scene, name) and _knows(clue.scene, before):
                return _option_of(clue.scene, before, name) or _another_format(clue.scene, before, name)
    return None


def _option_of(scene: Scene, of: str, name: str) -> Finding | None:
    """`overlay=x=5,y=5`."""
    text = re.compile(rf",\s*{re.escape(name)}=")
    found = [match[0] for option in graphs_with(scene, f"{name}=") for match in text.finditer(option.value)]
    if scene.build is None or name not in scene.build.lists.filter_options.get(of, ()) or len(found) != 1:
        return None
    return Finding(
        code=_BAD,
        summary=f"{name} is an option of {of}, and the comma before it begins another filter",
        hint=f"write : in place of the comma before {name}",
        mended=swapped(scene, found[0], f":{name}="),
    )


def _another_format(scene: Scene, of: str, name: str) -> Finding | None:
    """`format=yuv420p,rgb24`."""
    if of not in _FORMATS or scene.build is None or names.filter_(name, scene.build.lists).sure:
        return None
    known = name in scene.build.lists.pixel_formats
    return Finding(
        code=_BAD,
        summary=f"the comma before {name} begins another filter",
        hint=f"write | between the formats that {of} may choose from, as format=yuv420p|yuv444p",
        mended=swapped(scene, f",{name}", f"|{name}") if known else None,
    )


def _no_semicolon(clue: Clue) -> Finding | None:
    """`[1:v]scale=50:-1[logo][0:v][logo]overlay`: a chain ends by its label, and the next begins by others."""
    inputs = re.compile(r"(?<=[^\];,\s])(?P<made>\[\w+\])(?P<taken>\[\d+:)")
    found = [one for option in graphs_with(clue.scene, "][") for one in inputs.finditer(option.value)]
    text = found[0][0] if len(found) == 1 else ""
    right = f"{found[0]['made']};{found[0]['taken']}" if text else None
    return Finding(
        code=FailureCode.BAD_FILTER_GRAPH,
        summary=f"a filter of the graph is followed by what is neither a comma nor a semicolon, before {clue['rest']}",
        hint="write ; after the label that ends a chain, before those that begin the next, "
        "as scale=50:-1[logo];[0:v][logo]overlay; and a comma between filters of one chain",
        mended=swapped(clue.scene, text, right) if text else None,
    )


RULES = (
    Rule(r"No such filter: '-i'", _no_graph),
    Rule(r"No such filter: '(?P<name>\w+)(?P<sign>[:(])", _no_equals),
    Rule(r"No such filter: '(?P<number>\d[\w.*/]*)'", _number),
    Rule(r"No such filter: |No option name near ", _decimals),
    Rule(r"No such filter: |No option name near ", _unknown),
    Rule(r"Trailing garbage after a filter: (?P<rest>.*)", _no_semicolon),
)
