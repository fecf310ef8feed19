"""What FFmpeg would have on standard error: its log, its line of progress, and what it failed of."""

import sys
from typing import TextIO

from ffmill.cli.local.plan import Aim, Plan
from ffmill.cli.remote.blocks import block_of
from ffmill.cli.remote.printable import printable
from ffmill.client import Progressed

_COMMAND, _END = "$ ffmpeg ", "exit code "  # lines of ours in a job's log
_MAPPING = "Stream mapping:"  # what FFmpeg says once it has told of its inputs
_NO_OUTPUT = "At least one output file must be specified"


class Screen:
    """Shows a job's events as FFmpeg would have shown itself."""

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._plan = plan
        self._stream = stream
        self._is_open = False  # within the log of the user's own command
        self._commands = 0
        self._progress = ""
        self._told = Progressed(job_id="")
        self._attempt = 0

    def log(self, line: str, attempt: int = 0) -> None:
        """One line of the log of an attempt; a worker that was lost is followed by another attempt."""
        if attempt != self._attempt:
            self._attempt, self._commands = attempt, 0
        if line.startswith(_COMMAND):
            self._commands += 1
            self._is_open = self._commands == 1
        elif line.startswith(_END) or (self._plan.aim is Aim.LOOK and line.startswith(_MAPPING)):
            self._is_open = False
        elif self._is_open and not self._plan.speech.is_silent:
            self._clear()
            self._write(printable(self._plan.local(line)) + "\n")

    def progress(self, told: Progressed) -> None:
        """Where the job is."""
        before, self._progress = self._progress, progress_line(told)
        if self._shows_progress:
            self._write(f"{self._progress:<{len(before)}}\r")
        self._told = told
        self._tell_block(told)

    def end(self) -> None:
        """FFmpeg's own last line of progress is in the log, unless that has errors only."""
        self._tell_block(self._told, is_last=True)
        if self._progress and self._shows_progress:
            if self._plan.speech.has_summary:
                self._clear()
            else:
                self._write("\n")
        if self._plan.aim is Aim.LOOK:
            self.say(_NO_OUTPUT)

    def tell(self, line: str) -> None:
        """A line with local names, unless all is to be quiet."""
        if not self._plan.speech.is_silent:
            self._write(printable(line) + "\n")

    def say(self, line: str) -> None:
        """A line of ours or of FFmpeg's errors, unless all is to be quiet."""
        self.tell(self._plan.local(line))

    def _tell_block(self, told: Progressed, *, is_last: bool = False) -> None:
        if self._plan.tells_progress:
            sys.stdout.write(block_of(told, is_last=is_last))
            sys.stdout.flush()

    @property
    def _shows_progress(self) -> bool:
        return self._plan.speech.stats and self._plan.aim is Aim.WRITE

    def _clear(self) -> None:
        if self._progress and self._shows_progress:
            self._write((" " * len(self._progress) if self._stream.isatty() else "") + "\r")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def progress_line(told: Progressed) -> str:
    """The line that FFmpeg shows: fftools/ffmpeg.c, `print_report`."""
    size, seconds, speed = told.bytes_written, told.out_time_seconds, told.speed
    parts = [f"frame={told.frame:5d} fps={told.fps or 0:3.0f} "] if told.frame else []
    parts.append(f"size={size / 1024:8.0f}KiB " if size else "size=N/A ")
    parts.append(f"time={_clock(seconds)} " if seconds is not None else "time=N/A ")
    parts.append(f"bitrate={size * 8 / seconds / 1000:6.1f}kbits/s " if size and seconds else "bitrate=N/A ")
    parts.append(f"speed={speed:4.3g}x" if speed else "speed=N/A")
    return "".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(seconds, 0), 60)
    return f"{int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:05.2f}"
