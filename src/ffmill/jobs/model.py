"""What a job is: its states, what a client asked for, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from ffmill.jobs.failure import Failure

Program = Literal["ffmpeg", "ffprobe"]


class Status(StrEnum):
    """The states of a job. `queued` ⇄ `running` (a lost worker's job is queued again); the other three are terminal.

    queued ──claim──▶ running ──finish──▶ succeeded | failed
       ▲                │  │
       └──lost, handed back┘  └──cancel──▶ cancelled   (a queued job can be cancelled, and fail, too)
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether a job in this state never changes again."""
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What a client asks for, in the shape that the API has checked (names, types, counts), rules not yet applied."""

    input_files: Mapping[str, str]  # name → URL, in the client's order
    output_files: tuple[str, ...]  # names, patterns and globs
    ffmpeg_commands: tuple[str, ...]
    webhook_url: str | None = None
    machine: str = "cpu"
    timeout_seconds: int | None = None  # None: the default
    priority: int = 0  # -10 … 10, among the jobs of the account
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])  # the client's own, not ours to read
    warnings: tuple[str, ...] = ()  # what the API already did differently from what was asked
    program: Program = "ffmpeg"


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One file that a job gave: kept in the store under `key`."""

    name: str
    key: str
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the running attempt is; no truth, only news."""

    command_index: int = 0
    percent: float | None = None  # of the whole job, 0–100
    fps: float | None = None
    speed: float | None = None  # seconds of media a second
    eta_seconds: float | None = None
    out_time_seconds: float | None = None
    input_bytes: int | None = None  # of all inputs, once they are there
    frame: int | None = None  # frames written by the command at work
    bytes_written: int | None = None  # by the command at work


@dataclass(frozen=True, kw_only=True, slots=True)
class Trail:
    """What the running attempt leaves behind as it goes; news, as its progress is."""

    log_lines: int  # so far
    log_tail: str  # the last of them, whole
    outputs: tuple[Output, ...]  # in the store by now, in the order of all


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A row of `jobs`; times are UTC."""

    id: UUID
    account_id: UUID
    status: Status
    machine: str
    input_files: Mapping[str, str]  # name → URL, as sent
    input_keys: Mapping[str, str]  # name → object key, of the inputs whose URL was a valid one of ours at submission
    output_files: tuple[str, ...]  # as sent
    ffmpeg_commands: tuple[str, ...]  # as sent
    webhook_url: str | None
    timeout_seconds: int
    priority: int
    metadata: Mapping[str, str]
    wait_until: datetime | None  # a `?wait=true` job is cancelled at this time
    warnings: tuple[str, ...]
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    attempt: int  # counts claims; fences what an attempt may write
    error_message: str
    outputs: tuple[Output, ...]  # empty until succeeded
    total_input_bytes: int | None
    total_output_bytes: int | None
    command_index: int  # the last command at work; the progress's while running
    files_deleted_at: datetime | None = None  # since then it has no outputs
    timings: Mapping[str, float | list[float]] = field(default_factory=dict[str, float | list[float]])  # seconds a step
    traceparent: str | None = None  # of the request that made it: W3C Trace Context
    progress: Progress | None = field(default=None)  # only while running
    unattended: bool = False  # queued for a pool that has no live worker
    error: Failure | None = None  # of a failed job; None of those that failed before there were any
    program: Program = "ffmpeg"  # a probe is a job of ffprobe's, which no list shows


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What an attempt used."""

    input_bytes: int = 0  # that came over the wire, or out of the store, for files that were thrown away too
    cpu_seconds: float = 0  # of the commands
    gpu_seconds: float = 0  # for which commands had a GPU
    run_seconds: float = 0  # of the commands, by the clock
    peak_memory_bytes: int = 0  # of the largest command


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What an attempt ended with, written by one guarded statement."""

    status: Status  # SUCCEEDED, FAILED or CANCELLED
    error_message: str = ""
    error: Failure | None = None  # of a failed one
    outputs: tuple[Output, ...] = ()
    total_input_bytes: int | None = None
    command_index: int = 0
    warnings: tuple[str, ...] = ()  # appended to the job's
    log: str = ""
    log_lines: int = 0  # that the log has had, those left out of a long one too
    usage: Usage = Usage()
    timings: Mapping[str, float | list[float]] = field(default_factory=dict[str, float | list[float]])  # seconds a step
