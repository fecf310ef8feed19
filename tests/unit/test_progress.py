"""Progress read from what ffmpeg writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.jobs.model import Progress
from ffmill.worker.progress import ProgressReader

BLOCK = b"frame=50\nfps=25.00\nout_time_us=2000000\nout_time=00:00:02.000000\nspeed=2.0x\nprogress=continue\n"
ENCODE = ["-i", "inputs/in.mp4", "outputs/o.mp4"]


def reading(argv: list[str], *banner: str, commands: int = 1, index: int = 0) -> ProgressReader:
    reader = ProgressReader(commands)
    reader.command(index, argv)
    for line in banner:
        reader.banner(line)
    return reader


def test_percent_and_eta_follow_from_the_duration_of_the_input() -> None:
    reader = reading(ENCODE, "Input #0, mov, from 'inputs/in.mp4':", "  Duration: 00:00:08.00, start: 0.000000")
    reader.feed(BLOCK)
    assert reader.news == Progress(percent=25.0, fps=25.0, speed=2.0, eta_seconds=3.0, out_time_seconds=2.0, frame=50)


def test_frames_and_bytes_are_those_of_the_command_at_work() -> None:
    reader = reading(ENCODE)
    reader.feed(b"frame=7\ntotal_size=4096\nprogress=continue\n")
    assert (reader.news.frame, reader.news.bytes_written) == (7, 4096)
    reader.feed(b"total_size=N/A\nprogress=end\n")
    assert (reader.news.frame, reader.news.bytes_written) == (None, None)


def test_an_output_limited_in_time_is_measured_by_its_limit() -> None:
    reader = reading(["-i", "inputs/in.mp4", "-t", "4", "outputs/o.mp4"], "  Duration: 01:00:00.00, start: 0.0")
    reader.feed(BLOCK)
    assert reader.news.percent == 50.0


def test_each_command_counts_the_same() -> None:
    reader = reading(ENCODE, "  Duration: 00:00:04.00, start: 0.0", commands=2, index=1)
    assert reader.news.percent == 50
    reader.feed(BLOCK)
    assert (reader.news.percent, reader.news.command_index) == (75.0, 1)


def test_what_is_to_come_after_this_command_has_no_eta() -> None:
    reader = reading(ENCODE, "  Duration: 00:00:04.00, start: 0.0", commands=2, index=0)
    reader.feed(BLOCK)
    assert reader.news.eta_seconds is None


@pytest.mark.parametrize("banner", [(), ("  Duration: N/A, start: 0.0",)])
def test_without_a_duration_there_is_no_percent(banner: tuple[str, ...]) -> None:
    reader = reading(ENCODE, *banner)
    reader.feed(BLOCK)
    assert (reader.news.percent, reader.news.eta_seconds, reader.news.out_time_seconds) == (None, None, 2.0)


def test_figures_that_ffmpeg_does_not_know_yet_are_none() -> None:
    reader = reading(ENCODE, "  Duration: 00:00:08.00")
    reader.feed(b"fps=0.00\nout_time_us=N/A\nspeed=N/A\nprogress=continue\n")
    assert reader.news == Progress(fps=0.0)


def test_percent_never_leaves_its_range() -> None:
    reader = reading(ENCODE, "  Duration: 00:00:01.00")
    reader.feed(BLOCK)
    assert reader.news.percent == 100.0


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_bytes_upset_the_reader(data: bytes, size: int) -> None:
    reader = reading(ENCODE, "  Duration: 00:00:08.00")
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    reader.feed(b"\n" + BLOCK)
    assert reader.news.percent is None or 0 <= reader.news.percent <= 100


@pytest.mark.parametrize("speed", [b"1e-320x", b"1e-12x", b"nanx", b"infx", b"-1x", b"0x"])
def test_no_figure_is_endless(speed: bytes) -> None:
    reader = reading(ENCODE, "  Duration: 00:00:08.00")
    reader.feed(b"fps=inf\nout_time_us=1\nspeed=" + speed + b"\nprogress=continue\n")
    assert (reader.news.fps, reader.news.eta_seconds) == (None, None)


@pytest.mark.parametrize("hours", ["9" * 10, "9" * 400, "9" * 5000])
def test_a_line_that_only_looks_like_a_duration_is_none(hours: str) -> None:
    """A command may write to its log what it likes; such numbers are too large for a float, or for int()."""
    reader = reading(ENCODE, f"  Duration: {hours}:00:08.00, start: 0.0", "  Duration: 00:00:08.00, start: 0.0")
    reader.feed(BLOCK)
    assert reader.news.percent == 25.0


def test_what_a_command_writes_beside_progress_is_forgotten() -> None:
    reader = reading(ENCODE, "  Duration: 00:00:08.00, start: 0.0")
    for _ in range(100):
        reader.feed(b"x" * 65_536)
    for number in range(1000):
        reader.feed(b"key%d=value\n" % number)
    assert len(reader._partial) + len(reader._block) < 1000  # pyright: ignore[reportPrivateUsage]
    reader.feed(b"\n" + BLOCK)
    assert reader.news.percent == 25.0


def test_a_line_longer_than_any_of_ffmpegs_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reading(ENCODE)
    reader.feed(b"fps=" + b"9" * 10_000 + b"\nprogress=continue\n")
    assert reader.news.fps is None


def test_the_command_line_is_read_once_for_an_input_however_often_news_come(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []

    def counting(*_: object) -> float:
        reads.append(1)
        return 8.0

    monkeypatch.setattr("ffmill.worker.progress.output_duration", counting)
    reader = reading(ENCODE, *["  Duration: 00:00:08.00, start: 0.0"] * 1000)
    for _ in range(1000):
        reader.feed(BLOCK)
    assert len(reads) == 2  # with nothing known, and with its one input known


def test_progress_does_not_fall_back_where_a_command_begins() -> None:
    reader = reading(ENCODE, commands=2, index=1)
    reader.feed(b"out_time_us=N/A\nspeed=N/A\nprogress=continue\n")
    assert reader.news.percent == 50.0


def test_the_bytes_of_the_inputs_stay_told() -> None:
    reader = reading(ENCODE)
    reader.inputs(17)
    reader.feed(BLOCK)
    assert reader.news.input_bytes == 17
