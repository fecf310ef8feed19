r"""Where placeholders stand in a text, spelled as `{{name}}`, `<<name>>` or `\{\{name\}\}`."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

_INSIDE = r"((?:(?!\{\{|\}\}|<<|>>|\\\{\\\{|\\\}\\\})[^\0]){1,300})"
_SPELLED = re.compile(rf"\\\{{\\\{{{_INSIDE}\\\}}\\\}}|\{{\{{{_INSIDE}\}}\}}|<<{_INSIDE}>>")
_BEGINNING = re.compile(r"(?=\\\{\\\{|\{\{|<<)")
_DELIMITERS = (("\\{\\{", "\\}\\}"), ("{{", "}}"), ("<<", ">>"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelled:
    """What looks like a placeholder."""

    at: int  # where it begins
    text: str  # all of it
    inside: str  # what stands between its delimiters


class Spellings:
    """What looks like a placeholder; names that hold a delimiter, or end in half of one, are known by their letters."""

    def __init__(self, known: Collection[str]) -> None:
        spelled = {begin + name + end: name for name in known for begin, end in _DELIMITERS}
        self._odd = {text: name for text, name in spelled.items() if not _SPELLED.fullmatch(text)}
        self._sorted = sorted(self._odd)
        self._shorter = _shorter(self._sorted)
        self._longest = max(map(len, self._sorted), default=0)

    def find(self, text: str) -> Iterator[Spelled]:
        """All placeholders of a text, from left to right."""
        end = 0
        while found := self._next(text, end):
            yield found
            end = found.at + len(found.text)

    def replace(self, text: str, by: Callable[[Spelled], str]) -> str:
        """The text with something else for each placeholder."""
        parts, end = list[str](), 0
        for found in self.find(text):
            parts += text[end : found.at], by(found)
            end = found.at + len(found.text)
        return "".join([*parts, text[end:]])

    def _next(self, text: str, start: int) -> Spelled | None:
        if not self._odd:
            return _spelled(_SPELLED.search(text, start))
        places = (found.start() for found in _BEGINNING.finditer(text, start))
        return next((found for at in places if (found := self._at(text, at))), None)

    def _at(self, text: str, at: int) -> Spelled | None:
        if odd := self._odd_at(text, at):
            return Spelled(at=at, text=odd, inside=self._odd[odd])
        return _spelled(_SPELLED.match(text, at))

    def _odd_at(self, text: str, at: int) -> str | None:
        """The longest odd spelling here. It is the last that is not sorted after the text, or that one begins with it.

        One pattern of all of them took minutes for a thousand names.
        """
        here = text[at : at + self._longest]
        index = bisect_right(self._sorted, here)
        found = self._sorted[index - 1] if index else None
        while found is not None and not here.startswith(found):
            found = self._shorter[found]
        return found


def _shorter(texts: list[str]) -> dict[str, str | None]:
    """For each of the sorted texts the longest other one that it begins with."""
    shorter: dict[str, str | None] = {}
    begun: list[str] = []  # those that the last text begins with, and itself
    for text in texts:
        while begun and not text.startswith(begun[-1]):
            begun.pop()
        shorter[text] = begun[-1] if begun else None
        begun.append(text)
    return shorter


def _spelled(found: re.Match[str] | None) -> Spelled | None:
    if found is None:
        return None
    return Spelled(at=found.start(), text=found[0], inside=next(group for group in found.groups() if group is not None))
