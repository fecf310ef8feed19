"""Placeholders: what is put in for them, and what is refused."""

import re
from contextlib import suppress
from posixpath import normpath

from hypothesis import strategies as st

from ffmill.errors import BadRequest
from ffmill.jobs import names, words
from ffmill.jobs.placeholders import Placeholders
from ffmill.jobs.spellings import Spellings
from tests.fuzz.outcomes import MOST_BYTES, outcome
from tests.fuzz.pieces import NAMES, PLAIN_NAMES, QUOTINGS, SAFE, SPELLINGS, TEXTS, checked, spelled
from tests.fuzz.target import target

FILES = st.lists(NAMES, unique=True, max_size=4)
DELIMITERS = ("{{", "}}", "<<", ">>", r"\{\{", r"\}\}")
PLAIN_PATH = re.compile(r"inputs/[A-Za-z0-9_][A-Za-z0-9_.-]*")  # no syntax of a filter graph, a quote or a protocol
AROUND = st.text(SAFE, max_size=5)


def made(inputs: list[str], outputs: list[str]) -> Placeholders:
    """The placeholders of such a job."""
    return Placeholders(names.aliases(inputs), outputs)


@target(inputs=FILES, outputs=FILES, command=TEXTS)
def test_what_was_marked_is_given_back_as_it_was(inputs: list[str], outputs: list[str], command: str) -> None:
    text, placeholders = checked(command), made(inputs, outputs)
    if set(inputs) & set(outputs):
        with suppress(BadRequest):  # which of the two is meant is not known
            assert placeholders.unmark(placeholders.mark(text)) == text
    else:
        assert placeholders.unmark(placeholders.mark(text)) == text


@target(
    inputs=FILES,
    outputs=FILES,
    spelling=st.sampled_from(SPELLINGS),
    quoting=st.sampled_from(QUOTINGS),
    around=AROUND,
)
def test_every_path_put_in_lies_in_its_directory_and_an_inputs_is_plain(
    inputs: list[str], outputs: list[str], spelling: str, quoting: str, around: str
) -> None:
    placeholders = made(inputs, outputs)
    for name in set(inputs) ^ set(outputs):
        if " " in spelling and (name.strip() != name or any(mark in name for mark in DELIMITERS)):
            continue  # such a name is known by its letters, without blanks around it
        word = around + spelled(name, spelling, quoting) + around
        (found,) = placeholders.fill(words.split(placeholders.mark(word)))
        path = found.removeprefix(around).removesuffix(around)
        assert found == around + path + around
        assert normpath(path) == path
        assert PLAIN_PATH.fullmatch(path) if name in inputs else path == f"outputs/{name}"


@target(inputs=FILES, outputs=FILES, found=st.lists(TEXTS, max_size=5))
def test_words_are_filled_or_refused(inputs: list[str], outputs: list[str], found: list[str]) -> None:
    given = [checked(word) for word in found]
    filled = outcome(lambda: made(inputs, outputs).fill(given))
    if isinstance(filled, str):
        assert len(filled.encode()) < MOST_BYTES
    else:
        assert len(filled) == len(given)
        assert not any("\0" in word for word in filled)


@target(files=st.lists(st.text(r"\{}<>ab", min_size=1, max_size=6), max_size=5), data=st.data())
def test_names_that_hold_delimiters_are_found_as_one_pattern_of_all_of_them_would(
    files: list[str], data: st.DataObject
) -> None:
    pieces = st.sampled_from([*files, *DELIMITERS, "{", "}", "<", "a", " "])
    text = data.draw(st.lists(pieces, max_size=20).map("".join))
    pairs = list(zip(DELIMITERS[::2], DELIMITERS[1::2], strict=True))
    inside = f"(?:(?!{'|'.join(map(re.escape, DELIMITERS))}).)+"
    plain = [re.escape(begin) + inside + re.escape(end) for begin, end in pairs]
    known = sorted((begin + name + end for name in files for begin, end in pairs), key=len, reverse=True)
    literal = [re.escape(one) for one in known if not re.fullmatch("|".join(plain), one)]
    assert [found.text for found in Spellings(files).find(text)] == re.findall("|".join([*literal, *plain]), text)


@target(files=st.lists(PLAIN_NAMES, unique=True, min_size=1, max_size=4), data=st.data(), text=TEXTS)
def test_no_placeholder_of_a_known_file_is_left(files: list[str], data: st.DataObject, text: str) -> None:
    command = checked(text) + spelled(data.draw(st.sampled_from(files)), data.draw(st.sampled_from(SPELLINGS)), "%s")
    placeholders, known = made(files, []), "|".join(map(re.escape, files))
    with suppress(BadRequest, words.Unclosed):
        filled = placeholders.fill(words.split(placeholders.mark(command)))
        assert not any(re.search(rf"\{{\{{({known})\}}\}}|<<({known})>>", word) for word in filled)
