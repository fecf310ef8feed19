"""Bodies are read as JSON whatever they claim to be, bounded in size and time, and hostility is a refusal."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from ffmill.api import body as bodies
from ffmill.api.body import MOST_BRACKETS, parse_object, read_body
from ffmill.errors import TooLarge, Unavailable, ValidationError


def request(chunks: Iterable[bytes], headers: dict[str, str] | None = None, *, endless: bool = False) -> Request:
    """A request whose body comes in chunks; an endless one never says that it was the last."""
    waiting = list(chunks)
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]

    async def receive() -> Message:
        if not waiting and endless:
            await asyncio.Event().wait()
        chunk = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting) or endless}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"])
async def test_a_body_is_json_whatever_its_content_type_says(kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert parse_object(await read_body(request([b'{"a"', b": 1}"], headers), 100)) == {"a": 1}


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_too_large() -> None:
    body = b'{"a": "' + b"x" * 91 + b'"}'
    assert len(body) == 100
    assert await read_body(request([body]), 100)
    with pytest.raises(TooLarge, match="larger than 99 bytes"):
        await read_body(request([body]), 99)


async def test_a_body_without_an_end_is_given_up_once_it_is_far_too_large() -> None:
    with pytest.raises(TooLarge):
        await read_body(request([b"x" * 100] * 100, endless=True), 100)


async def test_a_body_announced_far_too_large_is_not_read_at_all() -> None:
    with pytest.raises(TooLarge):
        await read_body(request([], {"Content-Length": "9" * 30}, endless=True), 100)


async def test_a_body_that_stalls_is_refused_so_that_clients_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    with pytest.raises(Unavailable, match=r"not there within 0\.01 s"):
        await read_body(request([b"{"], endless=True), 100)


def test_a_byte_order_mark_is_ignored() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"a": 1,\n "b": }', "at line 2, column 7"),
        (b"{'a': 1}", "at line 1, column 2"),
        (b'{"a": 1} {"b": 2}', "Extra data at line 1, column 10"),
        (b'{"a": "\xff"}', "not UTF-8: byte 0xff at offset 7"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8: byte 0xff at offset 0"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": [-Infinity]}', "-Infinity is no JSON number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number that is too long"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 1}', '"a" is given more than once'),
        (b'{"input_files": {"x.mp4": "u", "y": "v", "x.mp4": "w"}}', '"x.mp4" is given more than once'),
        (b'{"a\\u0000": 1, "a\\u0000": 2}', r"a\\u0000"),
        (b'{"a": "\x00"}', "Invalid control character at line 1, column 8"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_json_object_is_refused_with_where_it_breaks(body: bytes, message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace(".", r"\.")):
        parse_object(body)


def test_many_repeated_names_are_found_in_linear_time() -> None:
    names = [f'"{number}": 0' for number in range(200_000)]
    with pytest.raises(ValidationError, match='"199999" is given more than once'):
        parse_object(f"{{{', '.join([*names, names[-1]])}}}".encode())


def test_lists_by_the_million_are_refused_before_they_are_made() -> None:
    with pytest.raises(ValidationError, match="more than 1,000,000 lists"):
        parse_object(b'{"a": [' + b"[]," * MOST_BRACKETS + b"[]]}")


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_refusal(body: bytes) -> None:
    with suppress(ValidationError):
        assert isinstance(parse_object(body), dict)
