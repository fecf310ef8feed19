"""Values of a query string or a path, read strictly."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from ffmill.api.quoting import quoted
from ffmill.errors import NotFound, ValidationError

# far fewer digits than Python reads: it refuses more than 4,300
INTEGER = re.compile(r"-?[0-9]{1,1000}")
FLAGS = {"true": True, "1": True, "false": False, "0": False}


def integer(query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    """The integer called `name`; raises ValidationError when it is none or out of range."""
    text = query.get(name)
    if text is None:
        return default
    if INTEGER.fullmatch(text) is None:
        raise ValidationError(f"{name}: must be an integer, not {quoted(text)}")
    value = int(text)
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValidationError(f"{name}: must be {bounds}, not {quoted(text)}")
    return value


def time(query: Mapping[str, str], name: str) -> datetime | None:
    """The time called `name`, as RFC 3339 writes it, with a zone, in UTC; None where it is missing.

    Raises ValidationError.
    """
    text = query.get(name)
    if text is None:
        return None
    value = utc(text)
    if value is None:
        raise ValidationError(f"{name}: must be a time as 2026-01-31T12:00:00Z, not {quoted(text)}")
    return value


def utc(text: str) -> datetime | None:
    """The time that a text names as RFC 3339 writes it, in UTC; None where it names none, or no zone."""
    try:
        value = datetime.fromisoformat(text)
        return None if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter of a time that lies beyond year 9999 or before 1 in UTC
        return None


def uuid(text: str, what: str) -> UUID:
    """The id of a job or whatever else a path names; raises NotFound for what can be nobody's."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"there is no {what} {quoted(text)}") from error


def flag(query: Mapping[str, str], name: str) -> bool:
    """Whether `name` is `true` (or `1`); false where it is missing. Raises ValidationError for any other word."""
    text = query.get(name, "false")
    if text not in FLAGS:
        raise ValidationError(f"{name}: must be true or false, not {quoted(text)}")
    return FLAGS[text]
