"""The splitter of commands."""

import shlex

from hypothesis import strategies as st

from ffmill.jobs import words
from tests.fuzz.pieces import TEXTS
from tests.fuzz.posix import reference
from tests.fuzz.target import target

QUOTED = st.text("ab'\"\\ \t\r\n$`", max_size=30)


@target(examples=200, command=st.one_of(TEXTS, QUOTED))
def test_a_command_is_split_as_posix_says(command: str) -> None:
    assert split(command) == reference(command)


@target(command=st.one_of(TEXTS, QUOTED))
def test_splitting_agrees_with_shlex_where_shlex_is_a_shell(command: str) -> None:
    """It is none at an escaped line end, and at `$` and backticks that are escaped in double quotes."""
    found = split(command)
    if any(pair in command for pair in ("\\\n", "\\\r\n", "\\$", "\\`")) or command.endswith("\\"):
        return
    if isinstance(found, int):
        assert command[found] in "'\""
    else:
        assert found == shlex.split(command, comments=False)


@target(texts=st.lists(TEXTS, max_size=6), between=st.sampled_from([" ", "\t", "\n", "\r\n", " \\\n "]))
def test_what_is_quoted_comes_back(texts: list[str], between: str) -> None:
    assert words.split(between.join(map(shlex.quote, texts))) == texts


@target(left=TEXTS, right=TEXTS)
def test_a_blank_between_two_commands_joins_their_words(left: str, right: str) -> None:
    first, second = split(left), split(right)
    if isinstance(first, list) and isinstance(second, list) and not left.endswith("\\"):
        assert split(f"{left}\n{right}") == first + second


def split(command: str) -> list[str] | int:
    """The words, or where the unclosed quote stands."""
    try:
        return words.split(command)
    except words.Unclosed as unclosed:
        return unclosed.position
