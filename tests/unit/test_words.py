"""Splitting a command as a POSIX shell does."""

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.jobs import words

BACKSLASH = "\\"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("-i in.mp4 out.mp4", ["-i", "in.mp4", "out.mp4"]),
        ("  a \t b\nc\r\nd  ", ["a", "b", "c", "d"]),
        ("", []),
        (" \n ", []),
        ("a '' \"\" b", ["a", "", "", "b"]),
        ("'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]),
        ("'it'\\''s'", ["it's"]),
        ("'it'\"'\"'s'", ["it's"]),
        (r'"a\"b\\c\$d\`e\f"', [r'a"b\c$d`e\f']),
        (r"'a\b\'", [r"a\b" + BACKSLASH]),
        ("a \\\n b", ["a", "b"]),
        ("a \\\r\n b", ["a", "b"]),
        ("a\\\nb", ["ab"]),
        ('"a\\\nb"', ["ab"]),
        ("'a\\\nb'", ["a\\\nb"]),
        ("out.mp4 \\", ["out.mp4"]),
        ("a;b | c & d > e < f # g", ["a;b", "|", "c", "&", "d", ">", "e", "<", "f", "#", "g"]),
        ("$(rm x) `ls` $HOME ~ *.ts [v] {a,b} !x", ["$(rm", "x)", "`ls`", "$HOME", "~", "*.ts", "[v]", "{a,b}", "!x"]),
        ("a\u00a0b\u3000c\u2028d\x0be\x85f", ["a\u00a0b\u3000c\u2028d\x0be\x85f"]),
        ("é'ü 'ß 日本", ["éü ß", "日本"]),
    ],
)
def test_words_are_split_as_a_shell_does(command: str, expected: list[str]) -> None:
    assert words.split(command) == expected


@pytest.mark.parametrize(
    ("command", "quote", "position"),
    [("a 'b", "'", 2), ('a "b', '"', 2), ("it's", "'", 2), ('"a\\"', '"', 0), ("'a' 'b' \"c'", '"', 8)],
)
def test_an_unclosed_quote_is_found_where_it_opens(command: str, quote: str, position: int) -> None:
    with pytest.raises(words.Unclosed) as caught:
        words.split(command)
    assert (caught.value.quote, caught.value.position) == (quote, position)


@given(st.lists(st.text()))
def test_what_shlex_quotes_is_split_again_as_it_was(texts: list[str]) -> None:
    assert words.split(shlex.join(texts)) == texts


@given(st.text(alphabet="ab'\"\\ \t\n;|&$#*~é\u00a0"))
def test_splitting_agrees_with_shlex(command: str) -> None:
    """But where shlex is no shell: an escaped line end, and `$` and backticks escaped in double quotes."""
    try:
        expected = shlex.split(command, comments=False)
    except ValueError:
        return
    if any(pair in command for pair in ("\\\n", "\\$", "\\`")):
        return
    assert words.split(command) == expected


@given(st.text(alphabet="a '\"\\\n\r\t"))
def test_splitting_gives_words_or_an_unclosed_quote(command: str) -> None:
    found = _outcome(command)
    if isinstance(found, words.Unclosed):
        assert command[found.position] == found.quote


def _outcome(command: str) -> list[str] | words.Unclosed:
    try:
        return words.split(command)
    except words.Unclosed as unclosed:
        return unclosed


@pytest.mark.parametrize(
    "piece", ["a ", "''", "\\a", "\\\n", "'a' ", '"', "'", '\\"', '"\\"" ', "\\", "a'b", '"a\\', "{{a}} "]
)
def test_splitting_takes_time_in_step_with_the_length(piece: str) -> None:
    """A quadratic splitter would need minutes for this, a linear one some hundredths of a second."""
    command = piece * (256 * 1024 // len(piece))
    start = time.process_time()
    _outcome(command)
    assert time.process_time() - start < 2
