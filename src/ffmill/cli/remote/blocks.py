"""What `-progress` writes: blocks of `key=value`, the last of each `progress` (fftools/ffmpeg.c, `print_report`)."""

from ffmill.client import Progressed

_UNKNOWN = "N/A"


def block_of(told: Progressed, *, is_last: bool = False) -> str:
    """A block on how far a job is."""
    size, seconds, speed = told.bytes_written, told.out_time_seconds, told.speed
    known = size is not None and seconds is not None and seconds > 0
    micros = _UNKNOWN if seconds is None else str(round(seconds * 1_000_000))
    pairs = {
        **({"frame": str(told.frame), "fps": f"{told.fps or 0:.2f}"} if told.frame is not None else {}),
        "bitrate": f"{size * 8 / seconds / 1000:6.1f}kbits/s" if known and size and seconds else _UNKNOWN,
        "total_size": _UNKNOWN if size is None else str(size),
        "out_time_us": micros,
        "out_time_ms": micros,  # which FFmpeg has in microseconds too
        "out_time": _UNKNOWN if seconds is None else _clock(seconds),
        "speed": _UNKNOWN if speed is None else f"{speed:4.3g}x",
        "progress": "end" if is_last else "continue",
    }
    return "".join(f"{name}={value}\n" for name, value in pairs.items())


def _clock(seconds: float) -> str:
    sign, minutes, rest = "-" if seconds < 0 else "", *divmod(abs(seconds), 60)
    return f"{sign}{int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:09.6f}"
