"""A job that is running, for the parts of a worker that only read it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from ffmill.jobs.model import Job, Status


def job(
    *,
    input_files: Mapping[str, str] | None = None,
    input_keys: Mapping[str, str] | None = None,
    output_files: Sequence[str] = (),
) -> Job:
    """Its first attempt."""
    now = datetime.now(UTC)
    return Job(
        id=uuid4(),
        account_id=uuid4(),
        status=Status.RUNNING,
        machine="cpu",
        input_files=input_files or {},
        input_keys=input_keys or {},
        output_files=tuple(output_files),
        ffmpeg_commands=(),
        webhook_url=None,
        timeout_seconds=60,
        priority=0,
        metadata={},
        wait_until=None,
        warnings=(),
        created_at=now,
        queued_at=now,
        started_at=now,
        finished_at=None,
        updated_at=now,
        attempt=1,
        error_message="",
        outputs=(),
        total_input_bytes=None,
        total_output_bytes=None,
        command_index=0,
    )
