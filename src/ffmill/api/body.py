"""Request bodies, read by us as JSON whatever their Content-Type says, bounded in size and time."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Never, TypeVar

from starlette.requests import Request

from ffmill.api.aside import aside
from ffmill.api.quoting import quoted
from ffmill.errors import TooLarge, Unavailable, ValidationError

T = TypeVar("T")
BODY_SECONDS = 60.0
READ_AT_ONCE = 64 << 10  # bytes: some milliseconds, whatever they hold
# Python makes each list and object with all else held up, in whatever thread: this many take a third of a second. Those
# in strings are counted too: a body of nothing but filter graphs holds fewer.
MOST_BRACKETS = 1_000_000
DRAINED = 8  # times the limit: so much of a body that is too large is still read, so that its client reads the answer


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a request, at most `limit` bytes long, there within 60 s.

    Raises TooLarge, and Unavailable when it came too slowly.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, limit)
    except TimeoutError as error:
        raise Unavailable(f"the body was not there within {BODY_SECONDS:g} s; nothing was accepted") from error


async def understood(body: bytes, read: Callable[[], T]) -> T:
    """What `read` makes of a body; beside the event loop where the body is so long that others would feel it."""
    return read() if len(body) <= READ_AT_ONCE else await aside(read)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body` (UTF-8, RFC 8259); raises ValidationError that says where it breaks."""
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        raise ValidationError(f"the body holds more than {MOST_BRACKETS:,} lists and objects")
    value = _parse(_decode(body))
    if not isinstance(value, dict):
        raise ValidationError("the body must be a JSON object, as {…}")
    return value  # pyright: ignore[reportUnknownVariableType]  # keys of a JSON object are strings


async def _read(request: Request, limit: int) -> bytes:
    too_large = TooLarge(f"the body is larger than {limit} bytes (FFMILL_MAX_BODY_BYTES)")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > DRAINED * limit:
        raise too_large
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
        elif size > DRAINED * limit:
            break
    if size > limit:
        raise too_large
    return bytes(body)


def _decode(body: bytes) -> str:
    if not body.strip():
        raise ValidationError("the body is empty; it must be a JSON object")
    try:
        return body.decode("utf-8-sig")  # RFC 8259, section 8.1: a byte order mark may be ignored
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"the body is not UTF-8: byte 0x{body[error.start]:02x} at offset {error.start}"
        ) from error


def _parse(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValidationError(f"the body is not JSON: {error.msg.removesuffix(' at')} at {where}") from error
    except RecursionError as error:
        raise ValidationError("the body is nested too deeply") from error
    except ValueError as error:  # Python refuses integers of more than 4,300 digits
        raise ValidationError("the body holds a number that is too long") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 leaves repeated names open; the last one winning would lose an input without a word."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise ValidationError(f"the name {quoted(name)} is given more than once in one object of the body")
        seen.add(name)
    return made


def _no_number(word: str) -> Never:
    raise ValidationError(f"the body is not JSON: {word} is no JSON number")
