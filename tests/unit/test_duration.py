"""How long the output of a command will be."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.jobs.duration import output_duration, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("55", 55.0),
        ("0.2", 0.2),
        (".5", 0.5),
        ("200ms", 0.2),
        ("200000us", 0.2),
        ("12s", 12.0),
        ("12:03:45", 43425.0),
        ("23.189", 23.189),
        ("03:45.5", 225.5),
        ("-1:30", -90.0),
        ("-2", -2.0),
        ("", None),
        ("N/A", None),
        ("1:2:3:4", None),
        ("5m", None),
        ("9" * 400, None),
    ],
)
def test_durations_are_read_as_ffmpeg_writes_them(text: str, expected: float | None) -> None:
    assert seconds(text) == (pytest.approx(expected) if expected is not None else None)


@pytest.mark.parametrize(
    ("text", "inputs", "expected"),
    [
        ("-i a o.mp4", [10.0], 10.0),
        ("-i a -t 3 o.mp4", [10.0], 3.0),
        ("-i a -t 30 o.mp4", [10.0], 10.0),
        ("-i a -ss 2 -to 5 o.mp4", [10.0], 3.0),
        ("-i a -ss 2 o.mp4", [10.0], 8.0),
        ("-ss 2 -i a o.mp4", [10.0], 8.0),
        ("-ss 2 -to 6 -i a o.mp4", [10.0], 4.0),
        ("-ss 0:02 -t 1 -i a o.mp4", [10.0], 1.0),
        ("-sseof -3 -i a o.mp4", [10.0], 3.0),
        ("-stream_loop 2 -i a o.mp4", [10.0], 30.0),
        ("-stream_loop -1 -i a o.mp4", [10.0], None),
        ("-stream_loop -1 -i a -i b -shortest o.mp4", [10.0, 4.0], 4.0),
        ("-loop 1 -i a -i b -shortest o.mp4", [None, 4.0], 4.0),
        ("-i a -i b o.mp4", [10.0, 12.0], 12.0),
        ("-i a -i b o.mp4", [10.0], None),
        ("-f lavfi -i testsrc -t 5 o.mp4", [None], 5.0),
        ("-f lavfi -i testsrc o.mp4", [None], None),
        ("-i a -t 3 o.mp4 -t 5 p.mp4", [10.0], 5.0),
        ("-i a -frames:v 1 o.png", [10.0], None),
        ("-i a -vf setpts=0.5*PTS o.mp4", [10.0], None),
        ("-i a -vf setpts=PTS-STARTPTS,scale=2:2 o.mp4", [10.0], 10.0),
        ("-i a -i b -filter_complex concat=n=2 o.mp4", [10.0, 5.0], None),
        ("-i a -i b -filter_complex concat=n=2 -t 12 o.mp4", [10.0, 5.0], 12.0),
        ("-i a -ss 20 o.mp4", [10.0], 0.0),
        ("-i a -t rubbish o.mp4", [10.0], 10.0),
        ("-i a -t -3 o.mp4", [10.0], 0.0),
        ("-version", [], None),
    ],
)
def test_the_length_of_an_output_follows_from_options_and_inputs(
    text: str, inputs: list[float | None], expected: float | None
) -> None:
    assert output_duration(shlex.split(text), inputs) == (pytest.approx(expected) if expected is not None else None)


@given(
    st.lists(
        st.sampled_from(["-i", "a", "-t", "-ss", "-to", "-sseof", "-shortest", "-stream_loop", "5", "-3", "0:1", "x"])
    ),
    st.lists(st.none() | st.floats(0, 1e6)),
)
def test_a_length_is_never_negative_and_asking_never_fails(argv: list[str], inputs: list[float | None]) -> None:
    found = output_duration(argv, inputs)
    assert found is None or found >= 0
