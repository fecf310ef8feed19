"""Text that the service would take as a placeholder, `{{name}}` or `<<name>>`, written so that FFmpeg gets it."""

import re

_BEGINNING = re.compile(r"\{\{|<<|\\\{\\\{")  # of what it looks for, in commands and in their words
_APART = {"{{": "{=,={", "<<": "<=,=<"}


def are_in(text: str) -> bool:
    """Whether a placeholder may begin in `text`."""
    return _BEGINNING.search(text) is not None


def in_graph(graph: str) -> str:
    """A filter graph that FFmpeg reads as it reads `graph`, by quotes that keep braces apart."""
    done, at, is_quoted = "", 0, False
    while at < len(graph):
        one = graph[at : at + 2] if graph[at] == "\\" and not is_quoted else graph[at]
        is_quoted ^= one == "'"
        if are_in(done[-3:] + one) and one[-1:] in "{<":
            done += f"''{one}" if is_quoted else f"'{one[-1]}'"
        else:
            done += one
        at += len(one)
    return done


def apart(name: str) -> str:
    """A file name with no placeholder in it."""
    for pair, without in _APART.items():
        name = name.replace(pair, without)
    return name


def together(name: str) -> str:
    """The file name that was taken apart."""
    for pair, without in _APART.items():
        name = name.replace(without, pair)
    return name
