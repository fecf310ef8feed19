"""What others say does nothing to a terminal."""

import pytest

from ffmill.cli.remote.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07\x1b[2J", r"\x1b]0;title\x07\x1b[2J"),
        ("a\rb", r"a\rb"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("täglich\t1\n", "täglich\t1\n"),
    ],
    ids=["title", "carriage return", "C1", "turned around", "plain"],
)
def test_what_acts_on_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
