"""From what a failed command said to why it failed, and how to mend it."""

from dataclasses import dataclass

from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A command that failed."""

    job: Job
    index: int  # of the command, from 0
    argv: tuple[str, ...]  # as ffmpeg got it, without what we put before it
    exit_code: int  # 128 + n after signal n
    said: tuple[str, ...]  # ffmpeg's own error lines, or its last lines where it marked none
    build: Build | None  # the FFmpeg that ran it, where that is known


def diagnose(case: Case) -> Failure:
    """Why the command failed; what no rule knows is shown as FFmpeg wrote it, never guessed at."""
    return Failure(
        code=FailureCode.UNKNOWN,
        stage=Stage.COMMAND,
        summary=f"ffmpeg exited with code {case.exit_code}",
        detail="\n".join(case.said),
        command_index=case.index,
        exit_code=case.exit_code,
    )
