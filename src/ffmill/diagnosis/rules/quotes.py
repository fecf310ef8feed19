"""Signs that a word processor, or quoting twice, leaves in a command: “…”, full-width signs, quotes in quotes."""

import re
import unicodedata
from collections.abc import Iterator

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.draft import Draft
from ffmill.diagnosis.graphtext import graphs_with
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_OPTION_VALUE
_OPENING, _CLOSING = "“”„«‘’", "“”»‘’"  # noqa: RUF001
_OPENED = re.compile(rf"(?P<key>[\w:.-]+=)?[{_OPENING}](?P<rest>.*)", re.DOTALL)
_WIDE = re.compile(r"[！-～]")  # noqa: RUF001  # the ASCII signs, as wide as Chinese ones
_WORDS = 20  # that a quoted text has at most
_WHOLE_GRAPH = "filtergraph description"  # a line that shows all of a graph does not tell what is wrong in it


def _typographic(clue: Clue) -> Finding | None:
    """A command is split by " and ' alone."""
    quoted = list(_quoted(clue.scene))
    if _WHOLE_GRAPH in clue.line.text or not quoted:
        return None
    draft = clue.scene.draft()
    for at, count, text in quoted:
        draft.replace(at, text).drop(at + 1, count - 1)
    return Finding(
        code=_BAD,
        summary="the command has typographic quotes, as “…”, which group nothing and become part of the value",
        hint="write \" or ' in place of “ ” ‘ ’",  # noqa: RUF001
        mended=draft.words,
    )


def _quoted(scene: Scene) -> Iterator[tuple[int, int, str]]:
    """Where a text in typographic quotes begins, how many words it has, and the text without them."""
    at = 0
    while at < len(scene.argv):
        opened = _OPENED.fullmatch(scene.argv[at])
        words = _up_to_closing(scene, at, opened["rest"]) if opened else 0
        if opened and words:
            text = " ".join((opened["rest"], *scene.argv[at + 1 : at + words]))
            yield at, words, (opened["key"] or "") + text[:-1]
        at += max(words, 1)


def _up_to_closing(scene: Scene, at: int, rest: str) -> int:
    """How many words there are up to the one that ends with a closing quote; 0 without one."""
    words = (rest, *scene.argv[at + 1 : at + _WORDS])
    return next((count for count, word in enumerate(words, 1) if word.endswith(tuple(_CLOSING))), 0)


def _full_width(clue: Clue) -> Finding | None:
    """`scale=80：-2`; in a text that is drawn such signs are as good as others."""  # noqa: RUF002
    if _WHOLE_GRAPH in clue.line.text:
        return None
    places = [at for at, word in enumerate(clue.scene.argv) if _WIDE.search(word) and _is_plain(clue.scene, at)]
    if not places:
        return None
    draft = clue.scene.draft()
    for at in places:
        draft.replace(at, _narrow(clue.scene.argv[at]))
    first = clue.scene.argv[places[0]]
    return Finding(
        code=_BAD,
        summary=f"{shown(first)} has full-width signs, which FFmpeg does not know",
        hint=f"write {_narrow(first)}",
        mended=draft.words,
    )


def _is_plain(scene: Scene, at: int) -> bool:
    """No text for people, and no name of a file."""
    word, before = scene.argv[at], scene.argv[at - 1] if at else ""
    return "text=" not in word and "/" not in word and not before.startswith("-metadata")


def _narrow(word: str) -> str:
    return _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), word)


def _twice(clue: Clue) -> Finding | None:
    """`-vf "'scale=80:-2'"`: the inner quotes are part of the graph."""
    draft, mended = clue.scene.draft(), False
    for option in graphs_with(clue.scene, ""):
        mended = _unquoted(draft, option.at + 1, option.value) or mended
    if not mended:
        return None
    return Finding(
        code=FailureCode.BAD_FILTER_GRAPH,
        summary="the filter graph is quoted twice, so that the inner quotes are part of it",
        hint="write one pair of quotes around it",
        mended=draft.words,
    )


def _unquoted(draft: Draft, at: int, graph: str) -> bool:
    inner = graph[1:-1]
    if len(graph) < 3 or graph[0] not in "'\"" or graph[-1] != graph[0] or graph[0] in inner:
        return False
    draft.replace(at, inner)
    return True


RULES = (
    Rule(rf".*[{_OPENING}{_CLOSING}]", _typographic),
    Rule(rf".*{_WIDE.pattern}", _full_width),
    Rule(r"No such filter: |No option name near |Trailing garbage after a filter", _twice),
)
