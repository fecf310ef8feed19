"""Reading a command line as ffmpeg does."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from ffmill.jobs import options
from ffmill.jobs.options import read


def test_options_belong_to_the_file_that_follows_them() -> None:
    line = read(shlex.split("-y -ss 3 -i a.mp4 -i b.mp4 -map 0 -c:v libx264 -an one.mp4 -f null - -report"))
    assert [file.path for file in line.inputs] == ["a.mp4", "b.mp4"]
    assert [file.path for file in line.outputs] == ["one.mp4", "-"]
    assert [(option.name, option.value) for option in line.inputs[0].options] == [("y", ""), ("ss", "3")]
    assert line.inputs[1].options == ()
    assert line.outputs[0].last("c", "codec") == "libx264"
    assert line.outputs[0].last("an") == ""
    assert line.outputs[1].last("f") == "null"
    assert [option.name for option in line.trailing] == ["report"]


def test_the_last_value_is_in_force() -> None:
    assert read(["-t", "1", "-t", "2", "o.mp4"]).outputs[0].last("t") == "2"


def test_a_flag_takes_no_value_and_neither_does_its_opposite() -> None:
    line = read(["-noautorotate", "-shortest", "-noaccurate_seek", "o.mp4"])
    assert [file.path for file in line.outputs] == ["o.mp4"]


def test_an_unknown_option_takes_a_value_even_one_with_a_dash() -> None:
    line = read(["-x264-params", "-i", "-metadata", "-y", "o.mp4"])
    assert line.inputs == ()
    assert [(option.name, option.value) for option in line.options] == [("x264-params", "-i"), ("metadata", "-y")]


def test_after_two_dashes_a_word_is_an_output() -> None:
    assert [file.path for file in read(["--", "-o.mp4", "-t", "1", "p.mp4"]).outputs] == ["-o.mp4", "p.mp4"]


def test_a_line_may_end_in_the_middle() -> None:
    assert read(["-i"]).inputs[0].path == ""
    assert read(["-c:v"]).trailing[0].value == ""
    assert read([]).outputs == ()


def test_a_question_to_ffmpeg_is_known() -> None:
    assert read(["-version"]).answers
    assert read(["-hide_banner", "-h", "encoder=libx264"]).answers
    assert not read(["-i", "in.mp4", "-metadata", "-version", "o.mp4"]).answers


def test_graphs_are_found_in_options_and_lavfi_inputs() -> None:
    argv = ["-f", "lavfi", "-i", "testsrc", "-i", "x", "-filter_complex", "a", "-filter:v:0", "b", "-af", "c", "o.mp4"]
    assert list(read(argv).graphs) == ["a", "b", "c", "testsrc"]


def test_no_option_stands_in_two_tables() -> None:
    assert not options.FLAGS & options.VALUED
    assert not options.FLAGS & options.ANSWERS
    assert options.GRAPHS <= options.VALUED


@given(st.lists(st.sampled_from(["-i", "-", "--", "-y", "-t", "5", "a", "", "-/vf", "-c:v:0", "-noan"]) | st.text()))
def test_every_word_is_read_once_and_reading_never_fails(argv: list[str]) -> None:
    line = read(argv)
    places = [thing.at for thing in (*line.inputs, *line.outputs, *line.options)]
    assert len(places) == len(set(places))
    assert all(argv[file.at] == file.path for file in line.outputs)
