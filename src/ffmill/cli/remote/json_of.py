"""A job as `--json` prints it: as the API has it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from ffmill.client import Job


def plain(job: Job) -> dict[str, Any]:
    """The job as plain data; times are RFC 3339."""
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in asdict(job).items()}


def _time(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
