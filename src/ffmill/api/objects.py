"""What clients get, described for the reference; the answers themselves are plain data (`ffmill.jobs.view`)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ffmill.errors import FailureCode


class FailureObject(BaseModel):
    """Why a job failed: for programs by its code, for people in words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: FailureCode = Field(description="What it failed of, out of a closed list.")
    stage: Literal["queue", "fetch", "command", "keep"] = Field(description="What the job was at.")
    summary: str = Field(description="What is wrong, in a sentence.")
    detail: str = Field(description="FFmpeg's own lines that say so; empty where there are none.")
    hint: str = Field(description="How to mend it; empty where that is not known.")
    command_index: int | None = Field(description="The command that failed, counted from 0; null where none did.")
    exit_code: int | None = Field(description="Of ffmpeg, 128 + n after signal n; null where it did not fail.")
    corrected_command: str | None = Field(
        description="The command, mended, ready to be sent; null unless there is one sure way to mend it."
    )


class JobObject(BaseModel):
    """A job, whole, everywhere the same: in answers, in lists, in webhooks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(description="The job's UUID.", examples=["0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55"])
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"] = Field(
        description="The last three never change again. A job whose worker was lost is `queued` again."
    )
    status_detail: str | None = Field(
        description="Why the job still waits, where that can be known: its machine has no worker at present."
    )
    created_at: str = Field(
        description="RFC 3339, UTC, milliseconds, as all times here.", examples=["2026-01-31T12:00:00.000Z"]
    )
    queued_at: str = Field(description="When the job was queued.")
    started_at: str | None = Field(description="When the attempt at work began.")
    finished_at: str | None = Field(description="When the job ended.")
    updated_at: str = Field(description="When the job last changed.")
    files_deleted_at: str | None = Field(
        description="When its outputs were deleted, by you or because their time was over; null while they are kept."
    )
    error_message: str = Field(
        description="Why the job failed, at most 4 KiB; empty unless `failed`. When ffmpeg failed, it starts with"
        " `ffmpeg exited with code N`, then come ffmpeg's own error lines."
    )
    error: FailureObject | None = Field(
        description="Why the job failed, for programs; null unless `failed`, and of jobs that failed under an older"
        " version."
    )
    ffmpeg_commands: list[str] = Field(description="As sent.")
    ffmpeg_command: str | None = Field(None, description="The command, when there is exactly one; else absent.")
    input_files: dict[str, str] = Field(description="As sent: name → URL.")
    output_files: dict[str, str] = Field(
        description="Name → signed URL, good for 7 days, freshly signed at every read. Empty until the job succeeded,"
        " and once its files are deleted."
    )
    webhook_url: str | None = Field(description="As sent.")
    machine: str = Field(description="The worker pool in force.")
    timeout_seconds: int = Field(description="The limit in force, in seconds.")
    priority: int = Field(description="In force among the jobs of your account.")
    metadata: dict[str, str] = Field(description="As sent.")
    warnings: list[str] = Field(description="What was done differently from what was asked.")
    total_input_bytes: int | None = Field(description="Bytes of all inputs; null until known.")
    total_output_bytes: int | None = Field(description="Bytes of all outputs; null until known.")
    progress: float | None = Field(
        description="Percent of the whole job, 0 to 100; null when it cannot be known, 100 once succeeded."
    )
    command_index: int = Field(description="The command at work, counted from 0.")
    commands_total: int = Field(description="How many commands there are.")
    fps: float | None = Field(description="Frames a second, while running.")
    speed: float | None = Field(description="Seconds of media a second, while running.")
    eta_seconds: float | None = Field(description="Seconds that the job will likely still take, while running.")
    out_time_seconds: float | None = Field(description="Seconds of media written by the command, while running.")
    timings: dict[str, float | list[float]] = Field(
        description="What took how long, once the job has ended: `queue_seconds`, `fetch_seconds`, `command_seconds` of"
        " each command that began, `keep_seconds`. A step that was not reached is absent; all are until then, and of a"
        " job that you cancelled.",
        examples=[{"queue_seconds": 0.006, "fetch_seconds": 0.021, "command_seconds": [1.904], "keep_seconds": 0.008}],
    )


class JobAnswer(BaseModel):
    """A job, wrapped."""

    data: JobObject


class Paging(BaseModel):
    """Where a page lies."""

    limit: int = Field(description="The limit that was used.")
    offset: int = Field(description="The offset that was used.")
    total: int = Field(description="How many jobs there are; exact up to 10,000 and 10,000 beyond.")
    hasMore: bool = Field(description="Whether there are jobs after this page.")  # noqa: N815  # as clients know it
    nextCursor: str | None = Field(  # noqa: N815  # as its neighbours
        description="The `cursor` that gives the jobs after this page; null when there are none."
    )


class JobListAnswer(BaseModel):
    """A page of jobs, newest first."""

    data: list[JobObject]
    pagingParams: Paging  # noqa: N815  # as clients know it


class BatchAnswer(BaseModel):
    """The jobs, in the order in which they were sent."""

    data: list[JobObject]


class WorkerObject(BaseModel):
    """A registered worker process."""

    id: str = Field(description="Its UUID, a new one at each start.")
    name: str = Field(description="Its name, the same at each start where the operator gave it one.")
    host: str = Field(description="The host that it runs on.")
    machine: str = Field(description="The pool that it works for.")
    concurrency: int = Field(description="Jobs that it runs at once.")
    ffmpeg_version: str = Field(description="Of the FFmpeg that it runs.")
    sandbox: str = Field(description="How it confines commands: `full`, `landlock` or `off`.")
    started_at: str = Field(description="When it was registered.")
    heartbeat_at: str = Field(description="When it was heard of last.")
    live: bool = Field(description="Whether that was lately; a silent worker is soon removed, and its jobs run again.")
    jobs: list[str] = Field(description="The ids of the jobs that it has at work.")


class WorkersAnswer(BaseModel):
    """All workers, by pool and name."""

    data: list[WorkerObject]


class UploadUrls(BaseModel):
    """The URLs of a temporary file, good for an hour."""

    upload_url: str = Field(description="PUT the bytes of the file here, once.")
    download_url: str = Field(description="The file as an input of a job, or to be downloaded, once it is uploaded.")


class UploadAnswer(BaseModel):
    """The URLs of a temporary file, wrapped."""

    data: UploadUrls


class ErrorAnswer(BaseModel):
    """A refused request."""

    errorCode: Literal[  # noqa: N815  # as clients know it
        "validationError",
        "badRequest",
        "badApiKey",
        "forbidden",
        "notFound",
        "conflict",
        "tooManyRequests",
        "unknownError",
        "unavailable",
    ] = Field(description="What kind of refusal it is, for programs.")
    message: str = Field(description="What is wrong and, where it can be said, what to write instead.")


class UpAnswer(BaseModel):
    """The process is up."""

    status: Literal["ok"]


class Checks(BaseModel):
    """What the service needs to do its work."""

    database: bool = Field(description="Whether the database answers.")
    store: bool = Field(description="Whether the store answers.")
    workers: dict[str, int] = Field(description="Live workers of each pool that the operator configured.")


class ReadyAnswer(BaseModel):
    """The service can do its work."""

    status: Literal["ready"]
    checks: Checks


class UnreadyAnswer(ErrorAnswer):
    """The service cannot do its work; `message` says what is missing."""

    checks: Checks
