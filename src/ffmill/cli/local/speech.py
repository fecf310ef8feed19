"""How much ffmpeg says: its log levels, and its line of progress."""

from dataclasses import dataclass

from ffmill.jobs.options import Line

_LEVELS = {"quiet": -8, "panic": 0, "fatal": 8, "error": 16, "warning": 24, "info": 32, "verbose": 40, "debug": 48}
_ERROR, _INFO = 16, 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """What of a job's log and progress is shown."""

    level: int  # as -loglevel has it in figures
    stats: bool  # whether the line of progress is shown

    @property
    def is_silent(self) -> bool:
        """Whether not even errors are shown."""
        return self.level < _ERROR

    @property
    def has_summary(self) -> bool:
        """Whether FFmpeg ends its log with a line of progress."""
        return self.level >= _INFO

    @property
    def words(self) -> list[str]:
        """The words that make the job's log as talkative; its errors are logged at any rate, since they explain it."""
        return [] if self.level == _INFO else ["-loglevel", f"level+{max(self.level, _ERROR)}"]


def speech(line: Line) -> Speech:
    """How much the user wants to read."""
    values = [option.value for option in line.options if option.name in ("loglevel", "v")]
    stats = [option.name for option in line.options if option.name in ("stats", "nostats")]
    level = _level(values[-1]) if values else _INFO
    return Speech(level=level, stats=stats[-1] == "stats" if stats else level >= _INFO)


def _level(value: str) -> int:
    last = value.rsplit("+", maxsplit=1)[-1]
    try:
        return _LEVELS[last] if last in _LEVELS else int(last)
    except ValueError:
        return _INFO
