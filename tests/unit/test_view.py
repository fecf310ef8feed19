"""The job object: always whole, in the contract's words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from ffmill.jobs.model import Output, Progress, Status
from ffmill.jobs.view import job_object, timestamp
from tests.running import job

NOW = datetime(2026, 11, 24, 3, 42, 0, 123_456, tzinfo=UTC)
JOB = replace(
    job(input_files={"in": "https://example.com/in"}, output_files=["o.mp4"]),
    status=Status.QUEUED,
    ffmpeg_commands=("-i {{in}} {{o.mp4}}",),
    priority=3,
    metadata={"order": "17"},
    started_at=None,
    attempt=0,
)
FIELDS = [
    "id",
    "status",
    "status_detail",
    "priority",
    "metadata",
    "created_at",
    "queued_at",
    "started_at",
    "finished_at",
    "updated_at",
    "files_deleted_at",
    "error_message",
    "error",
    "ffmpeg_commands",
    "ffmpeg_command",
    "input_files",
    "output_files",
    "webhook_url",
    "machine",
    "timeout_seconds",
    "warnings",
    "total_input_bytes",
    "total_output_bytes",
    "progress",
    "command_index",
    "commands_total",
    "fps",
    "speed",
    "eta_seconds",
    "out_time_seconds",
    "timings",
]


def sign(key: str) -> str:
    return f"https://here/{key}"


def test_every_field_is_there_from_the_start() -> None:
    assert sorted(job_object(JOB, sign)) == sorted(FIELDS)
    assert job_object(JOB, sign)["progress"] is None
    assert job_object(JOB, sign)["output_files"] == {}
    assert job_object(JOB, sign)["started_at"] is None


def test_a_job_says_that_its_machine_has_no_worker() -> None:
    assert job_object(JOB, sign)["status_detail"] is None
    waiting = job_object(replace(JOB, machine="cpu-large", unattended=True), sign)
    assert waiting["status_detail"] == "no worker of the machine cpu-large is running at present; the job waits for one"


def test_the_older_form_is_given_for_a_single_command_alone() -> None:
    assert job_object(JOB, sign)["ffmpeg_command"] == JOB.ffmpeg_commands[0]
    assert "ffmpeg_command" not in job_object(replace(JOB, ffmpeg_commands=("a", "b")), sign)


def test_a_succeeded_job_has_signed_outputs_and_full_progress() -> None:
    done = replace(JOB, status=Status.SUCCEEDED, outputs=(Output(name="o.mp4", key="k/o.mp4", bytes=1),))
    assert job_object(done, sign)["output_files"] == {"o.mp4": "https://here/k/o.mp4"}
    assert job_object(done, sign)["progress"] == 100


def test_a_running_job_shows_its_news() -> None:
    news = Progress(command_index=1, percent=62.5, fps=30.0, speed=2.0, eta_seconds=3.0, out_time_seconds=4.0)
    shown = job_object(replace(JOB, status=Status.RUNNING, progress=news, command_index=1), sign)
    assert [shown[name] for name in ("progress", "fps", "speed", "eta_seconds", "out_time_seconds")] == [
        62.5, 30.0, 2.0, 3.0, 4.0,
    ]  # fmt: skip


def test_times_are_utc_with_milliseconds_and_z() -> None:
    assert timestamp(NOW) == "2026-11-24T03:42:00.123Z"
    assert timestamp(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-11-24T03:42:00.123Z"
