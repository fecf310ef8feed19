"""Text that looks like placeholders, on its way to FFmpeg."""

import pytest

from ffmill.cli.local import braces
from ffmill.cli.local.quoting import token


@pytest.mark.parametrize(
    "graph",
    [
        "drawtext=text={{x}}",
        "drawtext=text='{{x}} <<y>>'",
        r"drawtext=text=\{\{x\}\}",
        r"drawtext=text='\{\{x'",
        "{{{{",
        "'{{{'<<<",
        r"\{{",
        r"it\'s {{",
    ],
)
def test_a_graph_reads_the_same_and_holds_no_placeholder(graph: str) -> None:
    assert braces.are_in(graph)
    assert not braces.are_in(braces.in_graph(graph))
    assert token(braces.in_graph(graph), 0, "[],;") == (token(graph, 0, "[],;")[0], len(braces.in_graph(graph)))


def test_other_graphs_are_left_alone() -> None:
    for graph in ("scale=2:2,drawtext=text='{x} < y'", r"select=eq(n\,{)"):
        assert braces.in_graph(graph) == graph


def test_names_are_taken_apart_and_put_together() -> None:
    for name in ("{{a}}_%d.png", "<<o>>", "plain"):
        assert not braces.are_in(braces.apart(name))
        assert braces.together(braces.apart(name)) == name
