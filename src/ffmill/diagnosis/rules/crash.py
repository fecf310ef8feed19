"""FFmpeg was ended by a signal, by a fault of its own or from outside."""

from signal import Signals

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Finding
from ffmill.errors import FailureCode

# 128 + one of these is an exit code that ffmpeg gives for no error of its own, but for 134, a full disk quota.
_FAULTS = {Signals.SIGILL, Signals.SIGABRT, Signals.SIGBUS, Signals.SIGFPE, Signals.SIGSEGV, Signals.SIGSYS}
_ENDED = {Signals.SIGKILL, Signals.SIGTERM}


def crashed(scene: Scene) -> Finding | None:
    """Whether the exit code tells of a signal, and of which."""
    number = scene.case.exit_code - 128
    if number == Signals.SIGABRT and scene.says("Disk quota exceeded"):
        return None
    if number in _FAULTS:
        return Finding(
            code=FailureCode.FFMPEG_CRASHED,
            summary=f"FFmpeg crashed: it was ended by {Signals(number).name}",
            hint="another encoder, fewer -threads (as -threads 1) or other filter options may avoid it; "
            "the same command on the same input is likely to crash again",
        )
    if number in _ENDED:
        return Finding(
            code=FailureCode.FFMPEG_CRASHED,
            summary=f"FFmpeg was ended from outside, by {Signals(number).name}",
            hint="send the job again; if it is ended again, tell the operator: the machine may be short of memory",
        )
    return None
