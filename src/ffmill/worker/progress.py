"""How far a job is: read from ffmpeg's `-progress`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ffmill.jobs import options
from ffmill.jobs.duration import output_duration
from ffmill.jobs.model import Progress

LINE_BYTES = 256
MOST = 1e12  # a figure of ffmpeg's; beyond, some other program speaks, or some other text
KEYS = frozenset({b"fps", b"speed", b"out_time_us", b"frame", b"total_size"})
DURATION = re.compile(r"^  Duration: (?:(\d{1,9}):(\d\d):(\d\d(?:\.\d+)?)|N/A)")


class ProgressReader:
    """Turns what ffmpeg says into the progress of the whole job; each command counts the same.

    ffmpeg's `-progress` writes blocks of `key=value` lines, each ended by `progress=continue` or `progress=end`
    (ffmpeg documentation, "Main options"); the durations of the inputs are in its banner.
    """

    def __init__(self, commands: int) -> None:
        self._commands = commands
        self._index = 0
        self._argv: Sequence[str] = ()
        self._durations: list[float | None] = []
        self._most_durations = 0
        self._duration: float | None = None  # of the command's longest output, in seconds
        self._block: dict[bytes, bytes] = {}
        self._partial = b""
        self._input_bytes: int | None = None
        self.news = Progress()

    def inputs(self, total_bytes: int) -> None:
        """Takes the bytes of all inputs, once they are there."""
        self._input_bytes = total_bytes
        self._tell(self.news)

    def command(self, index: int, argv: Sequence[str]) -> None:
        """Begins a command of the job."""
        self._index, self._argv = index, argv
        self._durations, self._block, self._partial = [], {}, b""
        self._most_durations = len(options.read(argv).inputs)
        self._duration = output_duration(argv, ())
        self._tell(Progress(command_index=index, percent=self._done))

    def banner(self, line: str) -> None:
        """Takes a line of ffmpeg's log."""
        if len(self._durations) < self._most_durations and (found := DURATION.match(line)):
            hours, minutes, seconds = found.groups()
            known = hours is not None
            self._durations.append(int(hours) * 3600 + int(minutes) * 60 + float(seconds) if known else None)
            self._duration = output_duration(self._argv, self._durations)

    def feed(self, chunk: bytes) -> None:
        """Takes what ffmpeg wrote to its progress pipe, where a command may write what it likes, without end."""
        *lines, last = (self._partial + chunk).split(b"\n")
        self._partial = last[:LINE_BYTES]
        whole: dict[bytes, bytes] | None = None
        for line in lines:
            key, _, value = line[:LINE_BYTES].partition(b"=")
            if key in KEYS:
                self._block[key] = value.strip()
            if key == b"progress":
                whole, self._block = self._block, {}
        if whole is not None:
            self._tell(self._read(whole))

    @property
    def _done(self) -> float | None:
        """Percent of the job that the commands before this one are."""
        return 100 * self._index / self._commands if self._index else None

    def _read(self, block: Mapping[bytes, bytes]) -> Progress:
        out_time = _number(block.get(b"out_time_us"), 1e-6)
        speed = _number(block.get(b"speed", b"").removesuffix(b"x"))
        percent, eta = self._done, None
        if self._duration and out_time is not None:
            share = min(1.0, max(0.0, out_time / self._duration))
            percent = round(100 * (self._index + share) / self._commands, 1)
            # of the last command only: how long those to come will take is not known
            if speed and self._index + 1 == self._commands:
                eta = _figure(round((1 - share) * self._duration / speed, 1))
        return Progress(
            command_index=self._index,
            percent=percent,
            fps=_number(block.get(b"fps")),
            speed=speed,
            eta_seconds=eta,
            out_time_seconds=None if out_time is None else round(out_time, 6),
            frame=_count(block.get(b"frame")),
            bytes_written=_count(block.get(b"total_size")),
        )

    def _tell(self, news: Progress) -> None:
        self.news = replace(news, input_bytes=self._input_bytes)


def _number(text: bytes | None, factor: float = 1.0) -> float | None:
    """ffmpeg's figure, None where it says N/A."""
    try:
        value = float(text or b"") * factor
    except ValueError:
        return None
    return _figure(value)


def _count(text: bytes | None) -> int | None:
    value = _number(text)
    return None if value is None else int(value)


def _figure(value: float) -> float | None:
    return value if 0 <= value < MOST else None
