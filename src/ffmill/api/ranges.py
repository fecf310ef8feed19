"""Which bytes of a file a request asks for, and whether it has them already (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from email.utils import format_datetime, parsedate_to_datetime

from ffmill.store.objects import Stat

# One range and no more: several would need multipart/byteranges, which no player asks for; a server may ignore them.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


class Unsatisfiable(Exception):
    """The range lies beyond the end of the file."""


def validators(stat: Stat) -> dict[str, str]:
    """The headers by which a client later asks whether the file is still the same."""
    return {"ETag": f'"{stat.etag}"', "Last-Modified": format_datetime(stat.modified, usegmt=True)}


def unchanged(headers: Mapping[str, str], stat: Stat) -> bool:
    """Whether the client has the file as it is (If-None-Match, else If-Modified-Since)."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or stat.etag in _TAG.findall(tags)
    return _same_time(headers.get("if-modified-since"), stat, later=True)


def wanted(headers: Mapping[str, str], stat: Stat) -> tuple[int, int] | None:
    """Start and end (not included) of the range that is asked for; None when the whole file is to be sent.

    Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(headers.get("range", "").strip())
    # Go's http.ServeContent answers 200, too, when a file is empty: clients ask for `bytes=0-` without knowing.
    if match is None or match[0].endswith("=-") or stat.bytes == 0 or not _in_force(headers.get("if-range"), stat):
        return None
    return _bounds(match[1], match[2], stat.bytes)


def _bounds(first: str, last: str, size: int) -> tuple[int, int] | None:
    if not first:  # the last so many bytes
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None  # not a valid range, hence ignored
    if start >= size:
        raise Unsatisfiable
    return start, end


def _in_force(condition: str | None, stat: Stat) -> bool:
    """If-Range: the range counts only when the file is the one that the client has a part of."""
    if condition is None:
        return True
    return condition.strip() == f'"{stat.etag}"' or _same_time(condition, stat, later=False)


def _same_time(text: str | None, stat: Stat, *, later: bool) -> bool:
    if text is None:
        return False
    try:
        given = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False
    modified = int(stat.modified.timestamp())
    return modified <= given if later else modified == given
