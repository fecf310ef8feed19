"""The job object that clients see, everywhere the same: answers, list entries, webhook bodies."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ffmill.jobs.failure import failure_json
from ffmill.jobs.model import Job, Progress, Status

OUTPUT_URL_SECONDS = 7 * 24 * 3600


def job_object(job: Job, sign: Callable[[str], str]) -> dict[str, Any]:
    """The whole object, ready for JSON; `sign` gives the download URL of an object key."""
    done = job.status is Status.SUCCEEDED
    news = job.progress or Progress()
    single = {"ffmpeg_command": job.ffmpeg_commands[0]} if len(job.ffmpeg_commands) == 1 else {}
    return {
        "id": str(job.id),
        "status": job.status.value,
        "status_detail": status_detail(job.machine, unattended=job.unattended),
        "created_at": timestamp(job.created_at),
        "queued_at": timestamp(job.queued_at),
        "started_at": optional(job.started_at),
        "finished_at": optional(job.finished_at),
        "updated_at": timestamp(job.updated_at),
        "files_deleted_at": optional(job.files_deleted_at),
        "error_message": job.error_message,
        "error": failure_json(job.error),
        "ffmpeg_commands": list(job.ffmpeg_commands),
        **single,
        "input_files": dict(job.input_files),
        "output_files": {output.name: sign(output.key) for output in job.outputs},
        "webhook_url": job.webhook_url,
        "machine": job.machine,
        "timeout_seconds": job.timeout_seconds,
        "priority": job.priority,
        "metadata": dict(job.metadata),
        "warnings": list(job.warnings),
        "total_input_bytes": job.total_input_bytes,
        "total_output_bytes": job.total_output_bytes,
        "progress": 100 if done else news.percent,
        "command_index": job.command_index,
        "commands_total": len(job.ffmpeg_commands),
        "fps": news.fps,
        "speed": news.speed,
        "eta_seconds": news.eta_seconds,
        "out_time_seconds": news.out_time_seconds,
        "timings": dict(job.timings),
    }


def status_detail(machine: str, *, unattended: bool) -> str | None:
    """Why a job of that machine waits, where that is known."""
    if not unattended:
        return None
    return f"no worker of the machine {machine} is running at present; the job waits for one"


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional(time: datetime | None) -> str | None:
    """The same of a time that may not have come."""
    return timestamp(time) if time is not None else None
