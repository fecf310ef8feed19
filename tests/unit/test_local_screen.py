"""What is shown of a job, and what is asked before it."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from ffmill.cli.local.analysis import analyse
from ffmill.cli.local.plan import Plan
from ffmill.cli.local.stops import Stop
from ffmill.cli.remote import overwriting
from ffmill.cli.remote.overwriting import Ask
from ffmill.cli.remote.screen import Screen, progress_line
from ffmill.client.events import Progressed
from tests.local_files import made_up

LOG = ("$ ffmpeg -i inputs/a o", "Input #0 from 'inputs/a'", "Stream mapping:", "exit code 0", "$ ffmpeg x", "no")


class Terminal(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def saying(answer: str) -> Ask:
    """Somebody who always says this."""

    async def ask(_: str) -> str:
        return answer

    return ask


def plan_of(words: str) -> Plan:
    """The plan of a command on two files."""
    return analyse(words.split(), made_up("a", "d/a"))


def shown(words: str, stream: io.StringIO) -> str:
    """What a log and some progress come to."""
    screen = Screen(plan_of(words), stream)
    for line in LOG:
        screen.log(line)
    screen.progress(Progressed(job_id="", out_time_seconds=1))
    screen.end()
    return stream.getvalue()


def test_a_log_is_shown_as_ffmpeg_says_it_without_our_own_lines() -> None:
    assert shown("-nostats -i d/a o", io.StringIO()) == "Input #0 from 'd/a'\nStream mapping:\n"
    assert shown("-i d/a", io.StringIO()) == "Input #0 from 'd/a'\nAt least one output file must be specified\n"
    assert shown("-v quiet -i a o", io.StringIO()) == ""


def test_progress_is_one_line_that_changes_be_it_on_a_terminal_or_not() -> None:
    line = "size=N/A time=00:00:01.00 bitrate=N/A speed=N/A\r"
    assert shown("-v warning -stats -i a o", io.StringIO()).endswith(f"{line}\n")
    assert shown("-v warning -stats -i a o", Terminal()).endswith(f"{line}\n")
    assert shown("-i a o", Terminal()).endswith(" \r")  # FFmpeg's own last line takes its place
    assert line not in shown("-nostats -i a o", io.StringIO())


def test_blocks_of_progress_come_as_they_are_known_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    shown("-progress pipe:1 -i a o", io.StringIO())
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.startswith("progress=")] == ["progress=continue", "progress=end"]
    assert told.count("out_time=00:00:01.000000\n") == 2


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "size=N/A time=N/A bitrate=N/A speed=N/A"),
        (
            {"frame": 123, "fps": 45.2, "bytes_written": 1 << 20, "out_time_seconds": 3725.123, "speed": 1.5},
            "frame=  123 fps= 45 size=    1024KiB time=01:02:05.12 bitrate=   2.3kbits/s speed= 1.5x",
        ),
        ({"out_time_seconds": -0.02, "speed": 12.345}, "size=N/A time=00:00:00.00 bitrate=N/A speed=12.3x"),
    ],
    ids=["nothing known", "all known", "before the start"],
)
def test_the_line_of_progress_is_that_of_ffmpeg(told: dict[str, Any], line: str) -> None:
    assert progress_line(Progressed(job_id="", **told)) == line


@pytest.mark.parametrize(
    ("words", "answer", "said"),
    [
        ("-nostdin -i a o.mp4", "y", "File 'o.mp4' already exists. Exiting."),
        ("-n -i a o.mp4", "y", "File 'o.mp4' already exists. Exiting."),
        ("-i - o.mp4", "y", "File 'o.mp4' already exists. Exiting."),
        ("-i a o.mp4", "", "Not overwriting - exiting"),
    ],
    ids=["nobody to ask", "-n", "standard input is read", "enter"],
)
def test_a_file_is_not_overwritten_unless_that_is_wanted(tmp_path: Path, words: str, answer: str, said: str) -> None:
    (tmp_path / "o.mp4").touch()
    with pytest.raises(Stop) as stop:
        asyncio.run(overwriting.check(plan_of(words), tmp_path, ask=saying(answer)))
    assert (stop.value.lines[0], stop.value.exit_code) == (said, 0)


@pytest.mark.parametrize(
    ("words", "answer"),
    [("-i a o.mp4", "Yes\n"), ("-y -i a o.mp4", ""), ("-i a new.mp4", ""), ("-i a -f null o.mp4", "")],
    ids=["yes", "-y", "not there", "nothing written"],
)
def test_otherwise_it_is(tmp_path: Path, words: str, answer: str) -> None:
    (tmp_path / "o.mp4").touch()
    asyncio.run(overwriting.check(plan_of(words), tmp_path, ask=saying(answer)))
