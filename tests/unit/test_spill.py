"""Arguments that are too long for the kernel."""

import pytest

from ffmill.errors import BadRequest
from ffmill.jobs.spill import LIMIT_BYTES, spill

LONG = "null," * 30_000 + "null"


def test_what_fits_is_left_as_it_is() -> None:
    argv = ("-i", "in.mp4", "-vf", "x" * LIMIT_BYTES, "out.mp4")
    assert spill(argv) == (argv, {})


@pytest.mark.parametrize("option", ["filter_complex", "lavfi", "vf", "filter:v:0", "af", "metadata:s:v"])
def test_a_long_value_goes_into_a_file(option: str) -> None:
    words, files = spill(["-i", "in.mp4", f"-{option}", LONG, "out.mp4"])
    assert words == ("-i", "in.mp4", f"-/{option}", "inputs/.argument-2", "out.mp4")
    assert files == {".argument-2": LONG}


def test_each_long_value_has_its_own_file() -> None:
    words, files = spill(["-vf", LONG, "a.mp4", "-vf", LONG + ",hflip", "b.mp4"])
    assert words == ("-/vf", "inputs/.argument-0", "a.mp4", "-/vf", "inputs/.argument-3", "b.mp4")
    assert files == {".argument-0": LONG, ".argument-3": LONG + ",hflip"}


def test_the_limit_counts_bytes() -> None:
    _, files = spill(["-vf", "é" * (LIMIT_BYTES // 2 + 1), "out.mp4"])
    assert list(files) == [".argument-0"]


@pytest.mark.parametrize("argv", [["-f", "lavfi", "-i", LONG], ["-x264-params", LONG, "o.mp4"], [LONG], ["-" + LONG]])
def test_what_no_file_can_take_is_refused_with_the_limit(argv: list[str]) -> None:
    with pytest.raises(BadRequest, match=r"bytes long; the most is 131,071, except for filter graphs"):
        spill(argv)
