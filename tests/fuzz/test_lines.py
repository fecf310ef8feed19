"""Command lines as ffmpeg reads them: options, filter graphs, lengths, arguments that go through files."""

from collections.abc import Sequence
from unittest.mock import patch

from hypothesis import strategies as st

from ffmill.jobs import duration, graphs, options, spill
from tests.fuzz.outcomes import MOST_BYTES, outcome
from tests.fuzz.pieces import TEXTS, WORDS
from tests.fuzz.target import target

GRAPH_PIECES = st.sampled_from([*"[];,='\\:@ ab\n", "[0:v]", "scale", "=2:2", "movie=", "''", "\\'", "loop", "é"])
GRAPHS = st.lists(GRAPH_PIECES, max_size=20).map("".join)
LONG = st.lists(st.sampled_from(["x", "éé", "🎬", "a," * 40]), max_size=30).map("".join)
ARGV = st.lists(
    st.one_of(WORDS, GRAPHS, LONG, st.sampled_from(["-vf", "-filter:v:0", "-metadata:s:v", "-lavfi"])), max_size=12
)
SECONDS = st.one_of(st.none(), st.floats(0, 1e12))


@target(argv=ARGV)
def test_every_word_is_read_once(argv: list[str]) -> None:
    line = options.read(argv)
    places = [thing.at for thing in (*line.inputs, *line.outputs, *line.options)]
    assert len(places) == len(set(places))
    assert all(argv[file.at] == file.path for file in (*line.inputs, *line.outputs) if file.path)


@target(graph=st.one_of(GRAPHS, TEXTS))
def test_filters_are_parts_of_their_graph(graph: str) -> None:
    at = 0
    for name, arguments in graphs.filters(graph):
        assert name
        at = graph.index(name, at)
        at = graph.index(arguments, at + len(name)) + len(arguments)


@target(argv=ARGV, lengths=st.lists(SECONDS, max_size=4))
def test_a_length_is_finite_and_not_negative(argv: list[str], lengths: list[float | None]) -> None:
    found = duration.output_duration(argv, lengths)
    assert found is None or 0 <= found < float("inf")


@target(argv=ARGV, limit=st.integers(60, 100))
def test_what_goes_through_files_is_read_as_it_was(argv: list[str], limit: int) -> None:
    given = [word.encode(errors="replace").decode() for word in argv]
    with patch.object(spill, "LIMIT_BYTES", limit):
        found = outcome(lambda: spill.spill(given))
    if isinstance(found, str):
        assert any(len(word.encode()) > limit for word in given)
        assert len(found.encode()) < MOST_BYTES
        return
    words, files = found
    assert all(len(word.encode()) <= limit for word in words)
    assert list(restored(words, files)) == given


def restored(words: Sequence[str], files: dict[str, str]) -> list[str]:
    """The words with the files' texts put back."""
    found = list(words)
    for name, text in files.items():
        at = found.index(f"inputs/{name}")
        found[at - 1 : at + 1] = "-" + found[at - 1].removeprefix("-/"), text
    return found
