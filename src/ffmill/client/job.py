"""A job as the service tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, cast

from ffmill.client.errors import UnexpectedAnswer

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
_TIMES = ("created_at", "queued_at", "updated_at", "started_at", "finished_at", "files_deleted_at")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job failed."""

    code: str  # out of a closed list: docs, "Why a job failed"
    stage: str  # queue, fetch, command or keep
    summary: str
    detail: str = ""  # FFmpeg's own lines
    hint: str = ""  # how to mend it
    command_index: int | None = None
    exit_code: int | None = None  # of ffmpeg
    corrected_command: str | None = None  # ready to be sent


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job; times are aware datetimes in UTC. What an older service does not tell has its default."""

    id: str
    status: Status
    created_at: datetime
    queued_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    files_deleted_at: datetime | None = None
    status_detail: str | None = None
    error_message: str = ""
    error: Failure | None = None
    ffmpeg_commands: tuple[str, ...] = ()
    input_files: Mapping[str, str]  # name → URL
    output_files: Mapping[str, str]  # name → signed URL; empty until it has succeeded
    webhook_url: str | None = None
    machine: str = "cpu"
    timeout_seconds: int | None = None
    priority: int = 0
    metadata: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    total_input_bytes: int | None = None
    total_output_bytes: int | None = None
    progress: float | None = None  # percent of the whole job
    command_index: int = 0
    commands_total: int = 1
    fps: float | None = None
    speed: float | None = None
    eta_seconds: float | None = None
    out_time_seconds: float | None = None
    timings: Mapping[str, float | list[float]]

    @property
    def ended(self) -> bool:
        """Whether it never changes again."""
        return self.status in ("succeeded", "failed", "cancelled")


_FIELDS = frozenset(one.name for one in fields(Job))
_FAILURE_FIELDS = frozenset(one.name for one in fields(Failure))


def job_of(told: Any) -> Job:
    """The job in an answer, an event or a webhook; raises UnexpectedAnswer for what is none."""
    try:
        return _job(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedAnswer(f"this is no job: {error!r}") from error


def jobs_of(told: Any) -> list[Job]:
    """The jobs in an answer; raises UnexpectedAnswer."""
    if not isinstance(told, list):
        raise UnexpectedAnswer("this is no list of jobs")
    return [job_of(each) for each in cast("list[Any]", told)]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of a list of jobs."""

    jobs: list[Job]
    more: bool
    cursor: str | None  # of the next page; None of a service that has none


def page_of(told: Mapping[str, Any]) -> Page:
    """The page in an answer; raises UnexpectedAnswer."""
    paging = told.get("pagingParams")
    if not isinstance(paging, dict):
        raise UnexpectedAnswer("this is no page of a list")
    jobs, where = jobs_of(told.get("data")), cast("dict[str, Any]", paging)
    cursor = where.get("nextCursor")
    return Page(jobs=jobs, more=bool(jobs) and bool(cursor or where.get("hasMore")), cursor=cursor)


def _job(told: Mapping[str, Any]) -> Job:
    known: dict[str, Any] = {name: value for name, value in told.items() if name in _FIELDS}
    known |= {name: datetime.fromisoformat(known[name]) for name in _TIMES if known.get(name) is not None}
    known |= {name: tuple(known.get(name) or ()) for name in ("ffmpeg_commands", "warnings")}
    known |= {name: known.get(name) or {} for name in ("input_files", "output_files", "metadata", "timings")}
    known["error"] = _failure(known.get("error"))
    return Job(**known)


def _failure(told: Any) -> Failure | None:
    if told is None:
        return None
    return Failure(**{k: v for k, v in cast("dict[str, Any]", told).items() if k in _FAILURE_FIELDS})
