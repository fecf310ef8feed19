"""Why a job failed, for programs and for people: the `error` of the job object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ffmill.errors import FailureCode


class Stage(StrEnum):
    """What a job was at when it failed."""

    QUEUE = "queue"  # before or between its attempts
    FETCH = "fetch"
    COMMAND = "command"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What a job failed of. Texts are whole sentences without the last dot, or FFmpeg's own lines; "" where none."""

    code: FailureCode
    stage: Stage
    summary: str  # what is wrong, in a sentence
    detail: str = ""  # the lines of FFmpeg that say so
    hint: str = ""  # how to mend it
    command_index: int | None = None  # of the command that failed, from 0
    exit_code: int | None = None  # of ffmpeg; 128 + n after signal n
    corrected_command: str | None = None  # the command, mended, where there is one sure way


def failure_json(failure: Failure | None) -> dict[str, Any] | None:
    """As the column `jobs.error` and the job object hold it."""
    return None if failure is None else asdict(failure)


def failure_of(plain: Mapping[str, Any] | None) -> Failure | None:
    """What the column holds."""
    if plain is None:
        return None
    told = {name: value for name, value in plain.items() if name not in ("code", "stage")}
    return Failure(code=FailureCode(plain["code"]), stage=Stage(plain["stage"]), **told)
