"""How far a job is: read from ffmpeg's `-progress`, written down at most twice a second."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from ffmill.jobs.duration import output_duration
from ffmill.jobs.model import Progress

WRITE_SECONDS = 0.5
DURATION = re.compile(r"^  Duration: (?:(\d+):(\d\d):(\d\d(?:\.\d+)?)|N/A)")


class ProgressReader:
    """Turns what ffmpeg says into the progress of the whole job; each command counts the same.

    ffmpeg's `-progress` writes blocks of `key=value` lines, each ended by `progress=continue` or `progress=end`
    (ffmpeg documentation, "Main options"); the durations of the inputs are in its banner.
    """

    def __init__(self, commands: int) -> None:
        self._commands = commands
        self._argv: Sequence[str] = ()
        self._index = 0
        self._durations: list[float | None] = []
        self._block: dict[str, str] = {}
        self._partial = b""
        self.news = Progress()
        self.changed = asyncio.Event()

    def command(self, index: int, argv: Sequence[str]) -> None:
        """Begins a command of the job."""
        self._index, self._argv = index, argv
        self._durations, self._block, self._partial = [], {}, b""
        done = 100 * index / self._commands if index else None
        self._tell(Progress(command_index=index, percent=done))

    def banner(self, line: str) -> None:
        """Takes a line of ffmpeg's log."""
        if found := DURATION.match(line):
            hours, minutes, seconds = found.groups()
            known = hours is not None
            self._durations.append(int(hours) * 3600 + int(minutes) * 60 + float(seconds) if known else None)

    def feed(self, chunk: bytes) -> None:
        """Takes what ffmpeg wrote to its progress pipe."""
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        for line in lines:
            key, _, value = line.decode(errors="replace").partition("=")
            self._block[key.strip()] = value.strip()
            if key == "progress":
                self._tell(self._read())
                self._block = {}

    def _read(self) -> Progress:
        out_time = _number(self._block.get("out_time_us"), 1e-6)
        speed = _number(self._block.get("speed", "").removesuffix("x"))
        duration = output_duration(self._argv, self._durations)
        percent = eta = None
        if duration and out_time is not None:
            share = min(1.0, max(0.0, out_time / duration))
            percent = round(100 * (self._index + share) / self._commands, 1)
            # of the last command only: how long those to come will take is not known
            if speed and self._index + 1 == self._commands:
                eta = round((1 - share) * duration / speed, 1)
        return Progress(
            command_index=self._index,
            percent=percent,
            fps=_number(self._block.get("fps")),
            speed=speed,
            eta_seconds=eta,
            out_time_seconds=out_time,
        )

    def _tell(self, news: Progress) -> None:
        self.news = news
        self.changed.set()


async def report(reader: ProgressReader, write: Callable[[Progress], Awaitable[None]]) -> None:
    """Writes the news down, at most twice a second, until cancelled; a job that ends before costs no write."""
    while True:
        await asyncio.sleep(WRITE_SECONDS)
        await reader.changed.wait()
        reader.changed.clear()
        await write(reader.news)


def _number(text: str | None, factor: float = 1.0) -> float | None:
    """ffmpeg's figure, None where it says N/A."""
    try:
        value = float(text or "") * factor
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None
