"""What comes by the progress pipe and the log, where a command may write what it likes."""

import json
import math
from dataclasses import asdict

from hypothesis import strategies as st

from ffmill.worker.progress import LINE_BYTES, ProgressReader
from tests.fuzz.pieces import WORDS
from tests.fuzz.target import target

NUMBERS = st.one_of(
    st.sampled_from(
        b"N/A 0 -0 1 -1 25.00 2.0x nan inf -inf infinity 1e-320 5e-324x 1e308 1e400 1_0 0x10 +5 1e 2000000".split()
    ),
    st.sampled_from([b"", b" 1 ", b"9" * 400, b"9" * 5000, b"0." + b"0" * 300 + b"1", "٣".encode(), b"\xff", b"1\0"]),
    st.floats().map(lambda number: str(number).encode()),
    st.integers().map(lambda number: str(number).encode()),
)
KEYS = st.sampled_from([b"fps", b"speed", b"out_time_us", b"progress", b"frame", b"out_time", b"", b" fps", b"fps=fps"])
BLOCKS = st.tuples(NUMBERS, NUMBERS).map(lambda two: b"out_time_us=%s\nspeed=%s\nprogress=continue" % two)
LINES = st.one_of(
    BLOCKS,
    st.tuples(KEYS, NUMBERS).map(b"=".join),
    st.sampled_from([b"progress=continue", b"progress=end", b"progress", b"=", b"x" * (LINE_BYTES - 1), b"y" * 1000]),
    st.binary(max_size=20),
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\n", b"\r\n", b""])).map(b"".join))
DIGITS = st.sampled_from(["00", "7", "59", "99", "9" * 9, "9" * 10, "9" * 400, "9" * 5000, "٣٣", ""])
BANNERS = st.one_of(
    st.builds("  Duration: {}:{}:{}.{}, start: 0".format, DIGITS, DIGITS, DIGITS, DIGITS),
    st.sampled_from(["  Duration: N/A, bitrate: N/A", "Input #0, mov, from 'a':", "  Duration: 00:00:08.00", ""]),
    st.text(max_size=20).map("  Duration: {}".format),
)
TIMES = st.sampled_from(["0", "5", "0:01", "-3", "1" + "0" * 11, "99:99:99.9", "0." + "0" * 400 + "1", "1us", "x"])
ARGV = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["-t", "-ss", "-to", "-sseof"]), TIMES),
        st.tuples(st.just("-stream_loop"), st.sampled_from(["-1", "3", "999999"])),
        st.tuples(st.just("-i"), st.just("a")),
        st.tuples(st.sampled_from(["-shortest", "o.mp4", "-vf", "loop", "-frames:v"])),
        st.tuples(WORDS),
    ),
    max_size=10,
).map(lambda parts: [word for part in parts for word in part])


@st.composite
def readers(draw: st.DrawFn) -> tuple[ProgressReader, ProgressReader]:
    """Two that have seen the same."""
    commands = draw(st.integers(1, 100))
    index = draw(st.one_of(st.just(commands - 1), st.integers(0, commands - 1)))  # the last one alone has an ETA
    argv = draw(st.one_of(ARGV, st.just(["-i", "a", "o.mp4"])))
    banners = draw(st.one_of(st.lists(BANNERS, max_size=4), st.just(["  Duration: 00:00:08.00"])))
    made = ProgressReader(commands), ProgressReader(commands)
    for reader in made:
        reader.command(index, argv)
        for banner in banners:
            reader.banner(banner)
    return made


@target(examples=150, pair=readers(), stream=STREAMS.map(b"".join), sizes=st.lists(st.integers(1, 300), min_size=1))
def test_how_progress_is_cut_into_chunks_makes_no_difference(
    pair: tuple[ProgressReader, ProgressReader], stream: bytes, sizes: list[int]
) -> None:
    whole, cut = pair
    whole.feed(stream)
    at = 0
    for size in sizes:
        cut.feed(stream[at : at + size])
        at += size
    cut.feed(stream[at:])
    assert whole.news == cut.news
    sound(whole)


@target(pair=readers(), lines=st.lists(st.one_of(LINES, BANNERS)))
def test_every_news_can_be_told_whatever_was_written(
    pair: tuple[ProgressReader, ProgressReader], lines: list[bytes | str]
) -> None:
    reader, _ = pair
    for line in lines:
        if isinstance(line, bytes):
            reader.feed(line + b"\nprogress=continue\n")
        else:
            reader.banner(line)
        sound(reader)


def sound(reader: ProgressReader) -> None:
    """Every figure is finite and none is negative, percent goes to 100, and JSON can hold them."""
    figures = [figure for figure in asdict(reader.news).values() if figure is not None]
    assert all(math.isfinite(figure) and figure >= 0 for figure in figures)
    assert reader.news.percent is None or reader.news.percent <= 100
    json.dumps(figures, allow_nan=False)
