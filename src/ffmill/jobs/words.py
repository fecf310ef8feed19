"""Splitting a command into words as a POSIX shell does, with nothing of a shell but quotes and backslashes.

The rules are POSIX.1-2024, Shell Command Language, 2.2 Quoting. Everything else that a shell would act on (`;`, `|`,
`$`, `*`, `#`, …) is plain text. Two things are taken more kindly: a carriage return is white space, so that lines may
end as on Windows, and a backslash at the very end joins the last line to nothing.
"""

import re
from collections.abc import Iterator

_DOUBLE = r'"(?:[^"\\]++|\\.)*+"'
_WORD = re.compile(rf"""(?:[^ \t\r\n'"\\]++|'[^']*+'|{_DOUBLE}|\\(?:\r?\n|.|\Z))++|(?P<unclosed>['"])""", re.DOTALL)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]++|\\.)*+)"|\\(\r?\n|.|\Z)""", re.DOTALL)
_ESCAPED_IN_DOUBLE = re.compile(r'\\(?:\r?\n|([$`"\\]))')


class Unclosed(Exception):
    """A quote is opened and never closed."""

    def __init__(self, quote: str, position: int) -> None:
        super().__init__(f"{quote} at {position}")
        self.quote = quote
        self.position = position  # of the quote, in characters from 0


def split(command: str) -> list[str]:
    """The words of `command`, in linear time; raises Unclosed."""
    return [word for word, _ in spelled(command)]


def spelled(command: str) -> Iterator[tuple[str, str]]:
    """The words of `command`, each with how it is spelled there, quotes and all; raises Unclosed."""
    for found in _WORD.finditer(command):
        if quote := found["unclosed"]:
            raise Unclosed(quote, found.start())
        raw = found[0]
        word = _QUOTED.sub(_unquote, raw) if _may_be_quoted(raw) else raw
        if word or '"' in raw or "'" in raw:  # a lone line continuation is no word, '' is one
            yield word, raw


def _may_be_quoted(raw: str) -> bool:
    return "\\" in raw or '"' in raw or "'" in raw


def _unquote(found: re.Match[str]) -> str:
    single, double, escaped = found.groups()
    if single is not None:
        return single
    if double is not None:
        return _ESCAPED_IN_DOUBLE.sub(lambda one: one[1] or "", double) if "\\" in double else double
    return "" if escaped.endswith("\n") else escaped
