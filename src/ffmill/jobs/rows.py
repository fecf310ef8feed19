"""Rows of `jobs` as Job objects, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import RowMaker, dict_row

from ffmill.jobs.failure import failure_of
from ffmill.jobs.model import Job, Output, Progress, Status

PROGRESS = ("percent", "fps", "speed", "eta_seconds", "out_time_seconds", "frame", "bytes_written")


def job_row(cursor: AsyncCursor[Any]) -> RowMaker[Job]:
    """A psycopg row factory: all columns of `jobs`; those of `job_progress` too where they were joined."""
    row = dict_row(cursor)
    return lambda values: job_of(row(values))


def job_of(row: Mapping[str, Any]) -> Job:
    """The Job that a row, as a mapping by column name, holds."""
    running = row["status"] == Status.RUNNING and row.get("news_index") is not None
    return Job(
        id=row["id"],
        account_id=row["account_id"],
        status=Status(row["status"]),
        machine=row["machine"],
        input_files=row["input_files"],
        input_keys=row["input_keys"],
        output_files=tuple(row["output_files"]),
        ffmpeg_commands=tuple(row["ffmpeg_commands"]),
        webhook_url=row["webhook_url"],
        timeout_seconds=row["timeout_seconds"],
        priority=row["priority"],
        metadata=row["metadata"],
        wait_until=row["wait_until"],
        warnings=tuple(row["warnings"]),
        created_at=row["created_at"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        updated_at=row["updated_at"],
        attempt=row["attempt"],
        error_message=row["error_message"],
        outputs=tuple(Output(**output) for output in row["outputs"]),
        total_input_bytes=row["news_input_bytes"] if running else row["total_input_bytes"],
        total_output_bytes=row["total_output_bytes"],
        command_index=row["news_index"] if running else row["command_index"],
        files_deleted_at=row["files_deleted_at"],
        timings=row["timings"],
        traceparent=row["traceparent"],
        progress=_progress(row) if running else None,
        unattended=row.get("unattended", False),
        error=failure_of(row["error"]),
        program=row["program"],
    )


def _progress(row: Mapping[str, Any]) -> Progress:
    figures = {name: row[name] for name in PROGRESS}
    return Progress(command_index=row["news_index"], input_bytes=row["news_input_bytes"], **figures)


def outputs_json(outputs: Sequence[Output]) -> list[dict[str, str | int]]:
    """Outputs as the `outputs` column holds them."""
    return [{"name": output.name, "key": output.key, "bytes": output.bytes} for output in outputs]
