"""Which filters stand in a filter graph."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.jobs.graphs import filters


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ("scale=640:-1", [("scale", "640:-1")]),
        ("yadif", [("yadif", "")]),
        ("scale=2:2,fps=30;negate", [("scale", "2:2"), ("fps", "30"), ("negate", "")]),
        ("[0:v][1:v]overlay=0:0[v]; [v]scale@big=2:2 [out]", [("overlay", "0:0"), ("scale", "2:2")]),
        ("drawtext=text='a,scale_cuda;b':x=1,hflip", [("drawtext", "text='a,scale_cuda;b':x=1"), ("hflip", "")]),
        (r"drawtext=text=a\,scale_cuda,hflip", [("drawtext", r"text=a\,scale_cuda"), ("hflip", "")]),
        (r"drawtext=text='it'\\\''s, x',hflip", [("drawtext", r"text='it'\\\''s, x'"), ("hflip", "")]),
        ("\n split [a][b] ;\n [a] null ", [("split", ""), ("null", "")]),
        ("", []),
        ("=,", []),
        ("drawtext=text='never closed, scale_cuda", [("drawtext", "text='never closed, scale_cuda")]),
    ],
)
def test_filters_are_found_with_their_arguments(graph: str, expected: list[tuple[str, str]]) -> None:
    assert [(name, arguments.strip()) for name, arguments in filters(graph)] == expected


@given(st.text() | st.text(alphabet="ab=,;[]'\\ @:"))
def test_any_text_is_read_to_an_end(graph: str) -> None:
    assert all(name for name, _ in filters(graph))


@pytest.mark.parametrize("piece", ["scale=1:1,", "[a]", "[", "'", "\\", "a='", "null;", " ", "a@"])
def test_a_long_graph_takes_time_in_step_with_its_length(piece: str) -> None:
    start = time.process_time()
    for _ in filters(piece * (256 * 1024 // len(piece))):
        pass
    assert time.process_time() - start < 2
