"""Mends the text of a filter graph: names, commas in expressions, colons in drawn text."""

import re
from collections.abc import Iterator

from ffmill.diagnosis.case import Scene
from ffmill.jobs.mending import Word
from ffmill.jobs.options import GRAPHS, Option

ESCAPE = "in a filter graph a comma, colon or semicolon that belongs to a value is written \\, or stands within '…'"
LONGEST = 20_000  # characters of a graph that is mended


def graphs_with(scene: Scene, text: str) -> list[Option]:
    """The options with a filter graph that hold this text; one that no person writes is not looked into."""
    graphs = [option for option in scene.line.options if option.name in GRAPHS and len(option.value) <= LONGEST]
    return [option for option in graphs if text in option.value]


def swapped(scene: Scene, wrong: str, right: str | None) -> tuple[Word, ...] | None:
    """The command with one text of its graphs replaced, where it stands there once."""
    places = [(option.at + 1, option.value) for option in graphs_with(scene, wrong)]
    places += [(file.at, file.path) for file in scene.line.inputs if file.last("f") == "lavfi" and wrong in file.path]
    if right is None or len(places) != 1 or places[0][1].count(wrong) != 1:
        return None
    return scene.draft().replace(places[0][0], places[0][1].replace(wrong, right)).words


def with_escaped_commas(graph: str) -> str:
    r"""The graph with `\,` for each comma within parentheses; as it is, where not all of them are closed."""
    made, depth = list[str](), 0
    for sign, is_plain in _signs(graph):
        if is_plain and sign in ";[" and depth:
            return graph
        depth += {"(": 1, ")": -1}.get(sign, 0) if is_plain else 0
        made.append("\\," if is_plain and sign == "," and depth > 0 else sign)
    return graph if depth else "".join(made)


def is_unbalanced(graph: str) -> bool:
    """Whether parentheses outside of quotes are not closed, or closed only."""
    plain = [sign for sign, is_plain in _signs(graph) if is_plain]
    return plain.count("(") != plain.count(")")


def with_escaped_colons(graph: str, rest: str) -> str:
    r"""The graph with `\:` for each colon that ended a text too soon; `rest` is what FFmpeg read after the first."""
    for piece in rest.split(":"):
        if "=" in piece or not piece.strip() or graph.count(f":{piece}") != 1:
            break
        at = graph.index(f":{piece}")
        escape = "\\" if _is_quoted(graph, at) else "\\\\"
        graph = graph[:at] + escape + graph[at:]
    return graph


def is_open(graph: str) -> bool:
    """Whether a quote is opened in the graph and not closed; a backslash within quotes is a mere sign."""
    return any(sign == "'" or (sign[0] == "'" and not sign.endswith("'")) for sign, _ in _signs(graph))


def _is_quoted(graph: str, at: int) -> bool:
    return is_open(graph[:at])


def _signs(graph: str) -> Iterator[tuple[str, bool]]:
    """Each sign, an escaped or quoted one as it is, and whether it is neither."""
    for found in re.finditer(r"'[^']*'?|\\.|.", graph, re.DOTALL):
        yield found[0], len(found[0]) == 1 and found[0] not in "'\\"
