"""The option tables and the spilling of arguments, held against the real ffmpeg."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ffmill import programs
from ffmill.config import load_settings
from ffmill.jobs import options
from ffmill.jobs.spill import LIMIT_BYTES, spill


def _ffmpeg(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """ffmpeg's answer, both streams in `stdout`."""
    program = [str(programs.ffmpeg(load_settings())), "-hide_banner", "-nostdin", "-y"]
    return subprocess.run(
        [*program, *argv], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )


def _options_of_ffmpeg(cwd: Path) -> Iterator[str]:
    own_options, _, _ = _ffmpeg("-h", "long", cwd=cwd).stdout.partition("AVOptions:")
    for found in re.finditer(r"^-(-?[\w?]+)(?:\[:<[^>]*>\])?\s", own_options, re.MULTILINE):
        yield found[1]


def test_ffmpeg_takes_values_where_the_tables_say_so(tmp_path: Path) -> None:
    wrong: list[str] = []
    for name in sorted(set(_options_of_ffmpeg(tmp_path))):
        takes_value = "Missing argument" in _ffmpeg(f"-{name}", cwd=tmp_path).stdout
        listed = name in options.VALUED if takes_value else name in options.FLAGS | options.ANSWERS
        if not listed:
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("option", ["-filter_complex", "-lavfi", "-vf", "-filter:v:0"])
def test_ffmpeg_reads_a_spilled_graph(tmp_path: Path, option: str) -> None:
    graph = "null" + " " * LIMIT_BYTES + ",scale=16:8"
    source = ["-f", "lavfi", "-i", "testsrc=size=32x32:duration=0.04"]
    argv, files = spill([*source, option, graph, "-frames:v", "1", "out.png"])
    (tmp_path / "inputs").mkdir()
    for name, text in files.items():
        (tmp_path / "inputs" / name).write_text(text)
    done = _ffmpeg(*argv, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "16x8" in done.stdout


def test_ffmpeg_fails_without_an_output_and_counts_the_end_from_the_start(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=32x32:duration=9"]
    assert "At least one output file must be specified" in _ffmpeg(*source, cwd=tmp_path).stdout
    done = _ffmpeg(*source, "-ss", "2", "-to", "5", "-f", "null", "-", cwd=tmp_path)
    assert "time=00:00:03.00" in done.stdout


def test_ffmpeg_numbers_with_zeros_whether_the_width_begins_with_one_or_not(tmp_path: Path) -> None:
    _ffmpeg("-f", "lavfi", "-i", "testsrc=size=16x16", "-frames:v", "1", "a%3d.png", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a001.png"]
