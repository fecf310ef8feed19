"""Which values an account's terms may have, and what changed between two."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ffmill.accounts.model import Terms
from ffmill.config import check_machine
from ffmill.errors import ValidationError

MOST_INTEGER, MOST_BIGINT = 2**31 - 1, 2**63 - 1  # of PostgreSQL's
MOST_MACHINES = 100

BOUNDS: Mapping[str, tuple[float, float]] = {
    "weight": (0.001, 1000),
    "max_running": (1, MOST_INTEGER),
    "rate_limit": (0, 1_000_000),
    "max_timeout_seconds": (1, MOST_INTEGER),
    "max_input_bytes": (1, MOST_BIGINT),
    "max_month_bytes": (0, MOST_BIGINT),
    "max_stored_bytes": (0, MOST_BIGINT),
    "keep_outputs_days": (0.0001, 36_500),  # some seconds, and a century
    "keep_uploads_days": (1 / 24, 36_500),  # the hour of their URLs
    "keep_logs_days": (0.0001, 36_500),
    "keep_jobs_days": (0.0001, 36_500),
}
"""The least and the greatest value of each term that is a number."""

NEVER_NULL = ("paid", "weight")


def check(changes: Mapping[str, Any]) -> None:
    """Raises ValidationError for a value, given by its term, that the term may not have."""
    for term, value in changes.items():
        if value is None:
            if term in NEVER_NULL:
                raise ValidationError(f"{term}: must not be null")
        elif term == "machines":
            _check_machines(value)
        elif term in BOUNDS:
            least, most = BOUNDS[term]
            if not least <= value <= most:
                raise ValidationError(f"{term}: must be from {least} to {most}, not {value}")


def _check_machines(machines: tuple[str, ...]) -> None:
    if not 1 <= len(machines) <= MOST_MACHINES:
        raise ValidationError(f"machines: must name 1 to {MOST_MACHINES} machines, or be null for all")
    for machine in machines:
        try:
            check_machine(machine)
        except ValueError as error:
            raise ValidationError(f"machines: {error}") from error


def differences(old: Terms, new: Terms) -> dict[str, Any]:
    """The terms that differ, each with its old and its new value."""
    before, after = asdict(old), asdict(new)
    return {term: {"old": before[term], "new": after[term]} for term in after if before[term] != after[term]}
