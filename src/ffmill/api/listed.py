"""Which jobs a list is asked for, from its query; and cursors, by which a list goes on where it ended."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ffmill.api import queries
from ffmill.api.quoting import UNSTORABLE, quoted, storable
from ffmill.errors import ValidationError
from ffmill.jobs.listing import Filter, Place
from ffmill.jobs.model import Status

METADATA = "metadata."


def asked(query: Mapping[str, str]) -> Filter:
    """The filter in a query; raises ValidationError."""
    return Filter(
        status=_status(query.get("status")),
        machine=_text(query, "machine"),
        metadata={name.removeprefix(METADATA): value for name, value in query.items() if _is_pair(name, value)},
        created_from=queries.time(query, "created_from"),
        created_before=queries.time(query, "created_before"),
    )


def cursor(place: Place) -> str:
    """A place as clients get it: nothing that they should read."""
    return urlsafe_b64encode(f"{place.created_at.isoformat()} {place.id}".encode()).rstrip(b"=").decode()


def place(query: Mapping[str, str]) -> Place | None:
    """The place of the query's cursor; None without one. Raises ValidationError, for an `offset` beside it too."""
    text = query.get("cursor")
    if text is None:
        return None
    if "offset" in query:
        raise ValidationError("cursor and offset exclude each other: a cursor is a place by itself")
    try:
        time, _, job_id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        return Place(created_at=_with_zone(datetime.fromisoformat(time)), id=UUID(job_id))
    except ValueError as error:
        raise ValidationError(f"cursor: {quoted(text)} is none of ours; take pagingParams.nextCursor") from error


def _with_zone(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time


def _status(text: str | None) -> Status | None:
    try:
        return None if text is None else Status(text)
    except ValueError as error:
        raise ValidationError(f"status: must be one of {', '.join(Status)}, not {quoted(text)}") from error


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and not storable(text):
        raise ValidationError(f"{name}: {UNSTORABLE}")
    return text


def _is_pair(name: str, value: str) -> bool:
    if not name.startswith(METADATA):
        return False
    if not storable(name) or not storable(value):
        raise ValidationError(f"{METADATA}*: {UNSTORABLE}")
    return True
