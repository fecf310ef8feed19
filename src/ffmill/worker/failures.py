"""What a failed attempt leaves: the `error` of its job, and the message beside it."""

import errno
from dataclasses import replace

from ffmill.diagnosis.diagnose import Case, diagnose
from ffmill.errors import AttemptFailed, CommandFailed, FailureCode, LimitExceeded, OutputMissing, Refusal, Unavailable
from ffmill.ffmpeg.build import Build
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job, Result, Status

MESSAGE_BYTES = 4096
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def result(failure: Failure, message: str | None = None) -> Result:
    """An attempt that failed of this; the message is the summary unless there is more to say."""
    texts = {name: shorten(getattr(failure, name)) for name in ("summary", "detail", "hint")}
    return Result(
        status=Status.FAILED, error_message=shorten(message or failure.summary), error=replace(failure, **texts)
    )


def of(error: AttemptFailed | Refusal, job: Job, at: Stage, index: int, build: Build | None) -> Failure:
    """Why the attempt failed that ended with this error, at this stage and command."""
    if isinstance(error, CommandFailed):
        return diagnose(
            Case(job=job, index=index, argv=error.argv, exit_code=error.exit_code, said=error.said, build=build)
        )
    summary, _, detail = error.message.partition("\n")
    if isinstance(error, Refusal):
        code = FailureCode.WORKER_FAULT if isinstance(error, Unavailable) else FailureCode.RULES_CHANGED
        return Failure(code=code, stage=at, summary=summary, detail=detail)
    return Failure(
        code=error.code,
        stage=at,
        summary=summary,
        detail=detail,
        command_index=index if isinstance(error, LimitExceeded) and at is Stage.COMMAND else None,
        hint=_hint(error),
    )


def _hint(error: AttemptFailed) -> str:
    if isinstance(error, OutputMissing):
        return (
            "list in output_files what the commands write, under the same names, or a pattern that matches them; "
            "an -ss beyond the end of an input, or a filter that lets no frame pass, writes nothing"
        )
    return HINTS.get(error.code, "")


HINTS = {
    FailureCode.INPUT_UNREACHABLE: "try the URL yourself: it may be misspelled, private, or signed and expired",
    FailureCode.INPUT_TOO_LARGE: "send a smaller file, or ask the operator for a higher limit",
    FailureCode.CPU_LIMIT: "choose a faster -preset, a smaller picture or a shorter piece, or split the work",
    FailureCode.MEMORY_LIMIT: "make the picture smaller, keep fewer frames (reverse, loop, tile), or give -threads 1",
    FailureCode.DISK_LIMIT: "write less: a lower bit rate, a shorter piece, or several jobs in place of one",
    FailureCode.THREAD_LIMIT: "give -threads 1, or fewer inputs and filters in one command",
    FailureCode.FILE_LIMIT: "write fewer files, as by a lower rate of pictures (-vf fps=1)",
}


def too_late(seconds: int, at: Stage) -> Failure:
    """The attempt ran into its time limit."""
    return Failure(
        code=FailureCode.TIME_LIMIT,
        stage=at,
        summary=f"the job ran longer than its limit of {seconds} s (timeout_seconds)",
        hint="give a larger timeout_seconds, up to your account's most, or a faster -preset",
    )


def own_fault(error: OSError, at: Stage) -> Failure:
    """What to tell a client whose job failed for a reason of the worker's, and the operator who can mend it."""
    where = " its scratch directory (FFMILL_SCRATCH)" if error.errno in DISK else " something that it needs"
    return Failure(
        code=FailureCode.WORKER_FAULT,
        stage=at,
        summary=f"the worker could not use{where}: {error.strerror or 'no reason is known'}",
        hint="nothing is wrong with the job: send it again, and tell the operator",
    )


def shorten(message: str) -> str:
    """The message within the contract's 4 KiB, cut at the end, without what PostgreSQL cannot hold."""
    raw = message.replace("\0", "\ufffd").encode(errors="replace")
    return raw.decode() if len(raw) <= MESSAGE_BYTES else raw[: MESSAGE_BYTES - 4].decode(errors="ignore") + "…"
