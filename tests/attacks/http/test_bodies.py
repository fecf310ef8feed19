"""Hostile requests, byte by byte: each is told what is wrong with it, or cut off, and the service goes on."""

import asyncio
import gzip
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ffmill.api import body
from ffmill.api.connection import BoundedConnection
from ffmill.config import Settings
from tests.attacks.http.conftest import Target
from tests.integration.api.conftest import PICTURE, open_service

Json = dict[str, Any]
ROUTES = ("/api/ffmpeg", "/api/jobs", "/api/jobs/batch", "/api/ffmpeg?wait=true")
LIMIT = 1 << 20  # of the fixture's settings


def job(**fields: Any) -> bytes:
    """A body that is accepted, but for these fields."""
    return json.dumps(PICTURE | fields).encode()


def with_raw(field: str) -> bytes:
    """A body that is accepted, but for this text of a field."""
    return job()[:-1] + b"," + field.encode("utf-8", "surrogateescape") + b"}"


def nested(opening: str, closing: str, depth: int, core: str = "1") -> str:
    """Brackets within brackets."""
    return opening * depth + core + closing * depth


@dataclass(frozen=True, kw_only=True)
class Case:
    """A body, and what it is answered with."""

    name: str
    body: bytes
    says: str  # part of the message
    code: str = "validationError"


@dataclass(frozen=True, kw_only=True)
class Fine:
    """A body that looks wrong and is a job all the same."""

    name: str
    body: bytes
    warning: str = ""  # part of one


DEEP = 100_000
REFUSED = [
    Case(name="lists", body=nested("[", "]", DEEP, "").encode(), says="nested too deeply"),
    Case(name="open lists", body=b"[" * DEEP, says="nested too deeply"),
    Case(name="objects", body=nested('{"a":', "}", DEEP).encode(), says="nested too deeply"),
    Case(name="open objects", body=b'{"a":' * DEEP, says="nested too deeply"),
    Case(name="mixed", body=b'[{"a":' * DEEP, says="nested too deeply"),
    Case(name="deep in a field", body=with_raw(f'"x":{nested("[", "]", DEEP)}'), says="nested too deeply"),
    Case(name="deep in metadata", body=with_raw('"metadata":' + nested('{"a":', "}", DEEP)), says="nested too deeply"),
    Case(name="somewhat deep inputs", body=with_raw(f'"input_files":{nested("[", "]", 500)}'), says="input_files"),
    Case(name="huge name of an input", body=job(input_files={"x" * 500_000: "http://x/"}), says="", code="badRequest"),
    Case(name="huge name of metadata", body=job(metadata={"x" * 500_000: ""}), says="a name has 1 to 100"),
    Case(name="huge name of an output", body=job(output_files=["x" * 500_000]), says="", code="badRequest"),
    Case(name="huge webhook", body=job(webhook_url="http://x/" + "x" * 500_000), says="16384 characters"),
    Case(name="huge command", body=job(ffmpeg_commands=["x" * 500_000]), says="256 KiB"),
    Case(name="huge machine", body=job(machine="x" * 500_000), says="machine"),
    Case(name="many fields", body=job(**{f"f{n}": 0 for n in range(20_000)}), says="10,000 fields"),
    Case(name="many inputs", body=job(input_files={f"{n}": "http://x/" for n in range(20_000)}), says="1000"),
    Case(name="many outputs", body=job(output_files=[f"{n}" for n in range(20_000)]), says="1000"),
    Case(name="many commands", body=job(ffmpeg_commands=["x"] * 20_000), says="100"),
    Case(name="many pairs", body=job(metadata={f"{n}": "" for n in range(20_000)}), says="50"),
    Case(name="a name twice", body=with_raw('"output_files":["b"]'), says='"output_files" is given more than once'),
    Case(name="a name twice, escaped", body=with_raw(r'"output\u005ffiles":["b"]'), says="more than once"),
    Case(name="an unknown name twice", body=with_raw('"x":1,"x":1'), says='"x" is given more than once'),
    Case(
        name="an input twice",
        body=with_raw('"input_files":{"a":"http://x/","a":"http://y/"}'),
        says='"a" is given more',
    ),
    Case(name="a name twice, deeply", body=with_raw('"x":[{"y":{"a":1,"a":2}}]'), says='"a" is given more'),
    Case(name="the prototype twice", body=with_raw('"__proto__":1,"__proto__":2'), says="more than once"),
    Case(name="empty names twice", body=with_raw('"":1,"":2'), says="more than once"),
    Case(name="surrogate names twice", body=with_raw(r'"\ud800":1,"\ud800":2'), says="more than once"),
    Case(name="not utf-8", body=b'{"a":"\xff"}', says="not UTF-8: byte 0xff at offset 6"),
    Case(name="cut utf-8", body=b'{"a":"\xc3"}', says="not UTF-8"),
    Case(name="overlong utf-8", body=b'{"a":"\xc0\xaf"}', says="not UTF-8"),
    Case(name="surrogates in utf-8", body=b'{"a":"\xed\xa0\x80"}', says="not UTF-8"),
    Case(name="beyond unicode", body=b'{"a":"\xf4\x90\x80\x80"}', says="not UTF-8"),
    Case(name="latin-1", body='{"a":"é"}'.encode("latin-1"), says="not UTF-8"),
    Case(name="utf-16", body=json.dumps(PICTURE).encode("utf-16"), says="not UTF-8"),
    Case(name="utf-16 without mark", body=json.dumps(PICTURE).encode("utf-16-le"), says="not JSON"),
    Case(name="utf-32", body=json.dumps(PICTURE).encode("utf-32"), says="not UTF-8"),
    Case(name="utf-7", body=b"+AHsAfQ-", says="not JSON"),
    Case(name="two byte order marks", body=b"\xef\xbb\xbf\xef\xbb\xbf" + job(), says="not JSON"),
    Case(name="a byte order mark alone", body=b"\xef\xbb\xbf", says="not JSON"),
    Case(name="gzip", body=gzip.compress(job()), says="not UTF-8"),
    Case(name="nothing", body=b"", says="empty"),
    Case(name="blanks", body=b" \t\r\n" * 1000, says="empty"),
    Case(name="nul", body=b"\0", says="not JSON"),
    Case(name="nul at the end", body=job() + b"\0", says="not JSON"),
    Case(name="two objects", body=job() + job(), says="not JSON"),
    Case(name="a comment", body=b"/*x*/" + job(), says="not JSON"),
    Case(name="a trailing comma", body=job()[:-1] + b",}", says="not JSON"),
    Case(name="single quotes", body=b"{'a':1}", says="not JSON"),
    Case(name="a control character", body=b'{"a":"\x01"}', says="not JSON"),
    Case(name="an open text", body=b'{"a":"' + b"x" * 500_000, says="not JSON"),
    Case(name="a bad escape", body=b'{"a":"\\u12"}', says="not JSON"),
    Case(name="a form", body=b"a=1&b=2", says="not JSON"),
    Case(name="xml", body=b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>", says="not JSON"),
    Case(name="a list", body=b"[]", says="must be a JSON object"),
    Case(name="a text", body=b'"x"', says="must be a JSON object"),
    Case(name="null", body=b"null", says="must be a JSON object"),
    Case(name="a number", body=b"1", says="must be a JSON object"),
    Case(name="not a number", body=with_raw('"timeout_seconds":NaN'), says="NaN is no JSON number"),
    Case(name="infinity", body=with_raw('"x":Infinity'), says="Infinity is no JSON number"),
    Case(name="minus infinity", body=with_raw('"x":[-Infinity]'), says="-Infinity is no JSON number"),
    Case(name="nan alone", body=b"NaN", says="NaN is no JSON number"),
    Case(name="hexadecimal", body=with_raw('"x":0x10'), says="not JSON"),
    Case(name="a leading zero", body=with_raw('"x":01'), says="not JSON"),
    Case(name="a huge integer", body=with_raw(f'"x":{"9" * 5000}'), says="too long"),
    Case(name="a huge timeout", body=with_raw(f'"timeout_seconds":{"9" * 4000}'), says="timeout_seconds"),
    Case(name="a huge negative priority", body=with_raw(f'"priority":-{"9" * 4000}'), says="priority"),
    Case(name="more than 64 bits", body=with_raw(f'"timeout_seconds":{1 << 64}'), says="timeout_seconds"),
    Case(name="a float beyond all", body=with_raw('"timeout_seconds":1e999'), says="timeout_seconds"),
    Case(name="a float", body=with_raw('"timeout_seconds":1.0'), says="timeout_seconds"),
    Case(name="a truth", body=with_raw('"timeout_seconds":true'), says="timeout_seconds"),
    Case(name="surrogate in an output", body=with_raw('"x":1').replace(b"card.png", rb"\ud800"), says="lone surrogate"),
    Case(name="surrogate in metadata", body=with_raw(r'"metadata":{"\udfff":""}'), says="lone surrogate"),
    Case(name="nul in metadata", body=with_raw(r'"metadata":{"a":"\u0000"}'), says="no NUL"),
    Case(name="nul in a webhook", body=with_raw(r'"webhook_url":"http://x/\u0000"'), says="no NUL"),
    Case(name="surrogate in a machine", body=with_raw(r'"machine":"\ud800"'), says="machine"),
    Case(name="the wrong types", body=with_raw('"input_files":[[]],"webhook_url":{},"metadata":1'), says="webhook_url"),
]
FINE = [
    Fine(name="a byte order mark", body=b"\xef\xbb\xbf" + job()),
    Fine(name="a huge unknown name", body=job(**{"x" * 500_000: 1}), warning="is not known"),
    Fine(name="surrogate in an unknown name", body=with_raw(r'"\ud800":"\udfff\u0000"'), warning="is not known"),
    Fine(name="somewhat deep unknown", body=with_raw(f'"x":{nested("[", "]", 500)}'), warning="is not known"),
    Fine(name="unknown numbers", body=with_raw(f'"x":[1e999,-1e999,{"9" * 4000}]'), warning="is not known"),
    Fine(name="the prototype", body=with_raw('"__proto__":{"admin":true},"constructor":1'), warning="__proto__"),
    Fine(name="names that differ in case", body=with_raw('"Output_Files":[]'), warning="Output_Files"),
    Fine(name="names of python's", body=with_raw('"__class__":1,"model_config":{},"self":1'), warning="model_config"),
    Fine(
        name="an account of others", body=with_raw('"account_id":"x","id":"y","status":"failed"'), warning="account_id"
    ),
]


async def test_every_hostile_body_is_refused_with_what_is_wrong(client: httpx.AsyncClient) -> None:
    for case in REFUSED:
        for headers in ({}, {"Idempotency-Key": case.name}):
            answer = await client.post("/api/ffmpeg?wait=true", content=case.body, headers=headers)
            assert answer.status_code == 400, (case.name, answer.text[:500])
            assert answer.json()["errorCode"] == case.code, case.name
            assert case.says in answer.json()["message"], case.name
            assert len(answer.content) < 10_000, case.name
        batch = b'{"jobs":[' + (case.body or b" ") + b"]}"
        assert (await client.post("/api/jobs/batch", content=batch)).status_code == 400, case.name
    assert (await client.get("/api/jobs")).json()["pagingParams"]["total"] == 0


async def test_a_body_that_only_looks_hostile_makes_a_job(client: httpx.AsyncClient) -> None:
    for case in FINE:
        answer = await client.post("/api/ffmpeg", content=case.body, headers={"Idempotency-Key": case.name})
        assert answer.status_code == 200, (case.name, answer.text[:500])
        made = answer.json()["data"]
        assert case.warning in "".join(made["warnings"]), case.name
        assert (made["status"], list(made["output_files"])) == ("queued", []), case.name
        again = await client.post("/api/jobs", content=case.body, headers={"Idempotency-Key": case.name})
        assert again.json()["data"]["id"] == made["id"], case.name
        assert (await client.get(f"/api/jobs/{made['id']}")).status_code == 200, case.name


async def test_no_depth_is_read_and_then_breaks_what_follows(client: httpx.AsyncClient) -> None:
    for depth in [*range(100, 1100, 50), *range(960, 1000, 3)]:
        for opening, closing in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")):
            text = with_raw(f'"x":{nested(opening, closing, depth)}')
            for content in (text, text + b" " * 70_000):
                headers = {"Idempotency-Key": f"{opening}{depth} {len(content)}"}
                answer = await client.post("/api/ffmpeg", content=content, headers=headers)
                assert answer.status_code in (200, 400), (opening, depth)


@hypothesis_settings(
    deadline=None, max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.binary(max_size=300), at=st.integers(0, 200), route=st.sampled_from(ROUTES))
async def test_no_bytes_make_a_server_error(client: httpx.AsyncClient, text: bytes, at: int, route: str) -> None:
    whole = job() if "batch" not in route else b'{"jobs":[' + job() + b"]}"
    for content in (text, whole[:at] + text + whole[at + 1 :]):
        if route.endswith("true") and content != text:
            continue  # it may be a job, which nobody here runs
        assert (await client.post(route, content=content)).status_code in (200, 400)


async def test_a_bodys_coding_is_not_undone(target: Target) -> None:
    """So that no small body becomes a large one; what it holds is no UTF-8."""
    bomb = gzip.compress(bytes(50 << 20))
    for coding in ("gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "x" * 1000, "\u0080"):
        head = target.head(f"Content-Length: {len(bomb)}", f"Content-Encoding: {coding}", "Connection: close")
        assert answers(await target.exchange(head + bomb)) == [400], coding


TEXT = job()
SIZE = len(TEXT)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, TEXT)
SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A request whose end is in doubt, so that two readers might see two different ones."""

    name: str
    lines: tuple[str, ...]
    body: bytes = b"0\r\n\r\n"


SHAPES = [
    Shape(name="length and chunks", lines=("Content-Length: 5", "Transfer-Encoding: chunked")),
    Shape(name="chunks and length", lines=("Transfer-Encoding: chunked", "Content-Length: 5")),
    Shape(name="chunks with a blank before the colon", lines=("Transfer-Encoding : chunked", "Content-Length: 5")),
    Shape(name="chunks on a folded line", lines=("X: y", " Transfer-Encoding: chunked", "Content-Length: 5")),
    Shape(name="folded value", lines=("Transfer-Encoding:", " chunked", "Content-Length: 5")),
    Shape(name="chunks after a tab", lines=("\tTransfer-Encoding: chunked",)),
    Shape(name="another coding", lines=("Transfer-Encoding: xchunked", "Content-Length: 5")),
    Shape(name="identity", lines=("Transfer-Encoding: identity", "Content-Length: 5")),
    Shape(name="chunked, then another", lines=("Transfer-Encoding: chunked, gzip",)),
    Shape(name="chunked, then identity", lines=("Transfer-Encoding: chunked, identity",)),
    Shape(name="another, not chunked", lines=("Transfer-Encoding: gzip",)),
    Shape(name="no coding", lines=("Transfer-Encoding:", "Content-Length: 5")),
    Shape(
        name="chunked twice", lines=("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "Content-Length: 5")
    ),
    Shape(name="chunked and identity lines", lines=("Transfer-Encoding: chunked", "Transfer-Encoding: identity")),
    Shape(name="quoted chunked", lines=('Transfer-Encoding: "chunked"', "Content-Length: 5")),
    Shape(name="vertical tab", lines=("Transfer-Encoding: \x0bchunked", "Content-Length: 5")),
    Shape(name="nul in the value", lines=("Transfer-Encoding: chunked\0", "Content-Length: 5")),
    Shape(name="nul in the name", lines=("Transfer-Encoding\0: chunked", "Content-Length: 5")),
    Shape(name="an underscore", lines=("Transfer_Encoding: chunked", "Content-Length: 5")),
    Shape(name="two lengths", lines=("Content-Length: 5", "Content-Length: 6")),
    Shape(name="two equal lengths", lines=("Content-Length: 5", "Content-Length: 5")),
    Shape(name="a list of lengths", lines=("Content-Length: 5, 5",)),
    Shape(name="a signed length", lines=("Content-Length: +5",)),
    Shape(name="a negative length", lines=("Content-Length: -5",)),
    Shape(name="a hexadecimal length", lines=("Content-Length: 0x5",)),
    Shape(name="a length and a word", lines=("Content-Length: 5 bytes",)),
    Shape(name="a length in other digits", lines=("Content-Length: \u0665",)),
    Shape(name="no length", lines=("Content-Length:",)),
    Shape(name="a length of many digits", lines=(f"Content-Length: {'9' * 4000}",)),
    Shape(name="a length with many zeros", lines=(f"Content-Length: {'0' * 4000}5",)),
    Shape(name="a length beyond 64 bits", lines=("Content-Length: 18446744073709551621",)),
    Shape(name="a negative chunk", lines=("Transfer-Encoding: chunked",), body=b"-1\r\n\r\n0\r\n\r\n"),
    Shape(name="a chunk of 0x", lines=("Transfer-Encoding: chunked",), body=b"0x1\r\n{\r\n0\r\n\r\n"),
    Shape(
        name="a chunk beyond 64 bits",
        lines=("Transfer-Encoding: chunked",),
        body=b"10000000000000005\r\n{}\r\n0\r\n\r\n",
    ),
    Shape(name="a chunk without its end", lines=("Transfer-Encoding: chunked",), body=b"2\r\n{}0\r\n\r\n"),
    Shape(name="a chunk with a bare newline", lines=("Transfer-Encoding: chunked",), body=b"2\n{}\n0\n\n"),
    Shape(name="a chunk of blanks", lines=("Transfer-Encoding: chunked",), body=b" 2\r\n{}\r\n0\r\n\r\n"),
    Shape(name="no chunk", lines=("Transfer-Encoding: chunked",), body=b"\r\n\r\n"),
    Shape(name="a chunk of a word", lines=("Transfer-Encoding: chunked",), body=b"z\r\n"),
    Shape(name="an extension with a newline", lines=("Transfer-Encoding: chunked",), body=b"2;a\nb\r\n{}\r\n0\r\n\r\n"),
    Shape(name="a carriage return in a line", lines=("X: a\rContent-Length: 5",)),
    Shape(name="a bare newline in a line", lines=("X: a\nContent-Length: 5",)),
    Shape(name="a line without a name", lines=(": x", "Content-Length: 5")),
    Shape(name="a line without a colon", lines=("Content-Length 5",)),
    Shape(name="a blank in a name", lines=("Content Length: 5",)),
    Shape(name="an upgrade", lines=("Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: x", "Content-Length: 5")),
    Shape(name="a web socket", lines=("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5")),
]


def answers(text: bytes) -> list[int]:
    """The statuses of the answers in what came back."""
    return [int(part.split(b" ", 1)[0]) for part in text.split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server waits for next to nothing, so that a request without its end is over soon."""
    monkeypatch.setattr(body, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.1)
    monkeypatch.setattr(BoundedConnection, "drain_seconds", 0.1)
    made = BoundedConnection.connection_made

    def hurried(self: BoundedConnection, transport: asyncio.Transport) -> None:
        made(self, transport)
        self.timeout_keep_alive = 1  # s, of uvicorn's five

    monkeypatch.setattr(BoundedConnection, "connection_made", hurried)


async def until_cut(target: Target, sent: bytes) -> bytes:
    """What comes back until the server closes; nothing where it did so while we still sent."""
    try:
        return await target.exchange(sent)
    except ConnectionError:
        return b""


def last(target: Target, path: str = "/nothing") -> bytes:
    """A request that closes its connection."""
    return target.head("Connection: close", method="GET", path=path)


PLAIN = {"an underscore", "a length with many zeros"}  # of a length that all readers see


@pytest.mark.usefixtures("hasty")
async def test_no_request_is_smuggled_within_another(target: Target) -> None:
    """What is in doubt is refused, and its connection closed; so nothing after it is taken for a request."""
    wrong: dict[str, list[int]] = {}
    for shape in SHAPES:
        came = answers(await until_cut(target, target.head(*shape.lines) + shape.body + SMUGGLED + last(target)))
        if came not in ([[400, 200, 404]] if shape.name in PLAIN else [[400], [413], [503]]):
            wrong[shape.name] = came
    assert wrong == {}
    assert answers(await target.exchange(last(target, "/healthz"))) == [200]


REQUESTS = [
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT /api/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
    b"TRACE /api/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
    b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"A" * 10_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://user:pass@other.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[::1/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //other.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/jobs/%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%ZZ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/docs/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/docs/%2e%2e/%2e%2e/pyproject.toml HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 30_000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: x\n\n",
    b"\r\n" * 5000 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X" * 70_000 + b": y\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nCookie: " + b"a=b; " * 10_000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nX-Forwarded-For: " + b"1.2.3.4, " * 5000 + b"\r\n\r\n",
    b"GET /" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET " + b"/" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api" + b"/.." * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /files" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET " + b"/files/" * 8000 + b"?expires=1&kid=a&sig=b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /files/" + b"%41" * 20_000 + b"?expires=1&kid=a&sig=b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz?" + b"a=b&" * 15_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz?" + b"&" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz?" + b"%" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz#" + b"x" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: \xff\xfe\x80\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: " + b"close, " * 5000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    bytes(range(256)) * 10,
    b"\0" * 100_000,
]


@pytest.mark.usefixtures("hasty")
async def test_no_request_makes_a_server_error_and_the_next_is_served(target: Target) -> None:
    for sent in REQUESTS:
        came = await until_cut(target, sent + last(target))
        assert all(status < 500 for status in answers(came)), (sent[:99], came[:200])
        for leak in (b"evil.example", b"root:", b"[project]"):
            assert leak not in came, sent[:99]
        assert answers(await target.exchange(last(target, "/healthz"))) == [200]


AUTHORIZATIONS = [
    "",
    "Bearer",
    "Bearer ",
    "bearer x",
    "Basic eDp5",
    "Bearer " + "x" * 50_000,
    "Bearer \u00e9\u00ff",
    "Bearer ffm_" + "\u0660" * 43,
    "Bearer ffm_" + "x" * 42 + "\x7f",
    "Bearer ffm_" + "x" * 43,
    "Bearer ffm_" + "%41" * 15,
    "Bearer ffm_" + "'" * 43,
    "Bearer null",
    "Bearer {key}x",
    "Bearer {key},{key}",
    "Bearer {key} {key}",
    "Basic {key}",
    "{key}",
    "Token {key}",
    "Bearer {upper}",
    "Bearer {cut}",
    "Bearer\x0b{key}",
]


async def test_a_key_that_is_not_just_right_is_401(target: Target) -> None:
    key = target.service.key
    lines = [f"Authorization: {it.format(key=key, upper=key.upper(), cut=key[:-1])}" for it in AUTHORIZATIONS]
    lines += [f"X-Api-Key: {key}", f"Cookie: key={key}", f"Proxy-Authorization: Bearer {key}", "X: y"]
    for line in lines:
        head = f"GET /api/jobs?api_key={key}&key={key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n\r\n"
        came = await target.exchange(head.encode())
        assert answers(came) in ([401], [400]), (line[:99], came[:200])
        assert key.encode() not in came, line[:99]


async def test_of_two_keys_none_counts_unless_the_first_is_right(target: Target) -> None:
    wrong, right = "Authorization: Bearer x", f"Authorization: Bearer {target.service.key}"
    for lines, status in (((wrong, right), 401), ((right, wrong), 200)):
        head = "\r\n".join(("GET /api/jobs HTTP/1.1", "Host: x", "Connection: close", *lines))
        assert answers(await target.exchange(f"{head}\r\n\r\n".encode())) == [status]


async def test_requests_in_a_row_are_answered_in_their_order(target: Target) -> None:
    many = b"".join(target.head(method="GET", path=path) for path in ("/healthz", "/nothing", "/api/jobs?limit=0") * 30)
    last = target.head("Connection: close", method="GET", path="/readyz")
    assert answers(await target.exchange(many + last))[:90] == [200, 404, 400] * 30


async def test_nothing_follows_a_refused_body_on_its_connection(target: Target) -> None:
    large = b" " * (LIMIT + 1)
    head = target.head(f"Content-Length: {len(large)}")
    assert answers(await target.exchange(head + large + SMUGGLED)) == [413]


@pytest.mark.usefixtures("hasty")
async def test_a_body_shorter_than_it_says_makes_no_job(target: Target, client: httpx.AsyncClient) -> None:
    for head, text in (
        (target.head(f"Content-Length: {SIZE + 1}"), TEXT),
        (target.head("Transfer-Encoding: chunked"), CHUNKED[:-5]),
        (target.head("Transfer-Encoding: chunked"), CHUNKED[:-2]),
    ):
        assert answers(await target.exchange(head + text)) in ([503], [])
        async with target.connect() as (reader, writer):
            writer.write(head + text)
            writer.write_eof()
            assert answers(await reader.read()) in ([], [400])
    assert (await client.get("/api/jobs")).json()["pagingParams"]["total"] == 0


async def test_a_body_longer_than_it_says_ends_where_it_says(target: Target, client: httpx.AsyncClient) -> None:
    sent = target.head(f"Content-Length: {SIZE}") + TEXT + SMUGGLED + last(target)
    assert answers(await target.exchange(sent)) == [200, 200, 404]
    assert (await client.get("/api/jobs")).json()["pagingParams"]["total"] == 1


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Sends the same piece again and again, until that fails."""
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)  # no wait: the server shares this loop and must come to its turn


@dataclass(frozen=True, kw_only=True)
class Slow:
    """A request that never ends, sent in small pieces."""

    name: str
    start: str
    piece: bytes


LORISES = [
    Slow(name="a request line", start="GET /", piece=b"x"),
    Slow(name="a header", start="GET /healthz HTTP/1.1\r\nX: ", piece=b"y"),
    Slow(name="headers", start="GET /healthz HTTP/1.1\r\n", piece=b"X: y\r\n"),
    Slow(name="blank lines", start="\r\n", piece=b"\r\n"),
]


async def test_a_head_that_drips_is_cut_off_in_time(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily it comes: what counts is the time since it began."""
    monkeypatch.setattr(BoundedConnection, "head_bytes", 1 << 40)
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.05)
    for slow in LORISES:
        async with target.connect() as (_, writer):
            writer.write(slow.start.encode())
            with pytest.raises(ConnectionError):
                await drip(writer, slow.piece)


BODIES = [
    Slow(name="of a known length", start="Content-Length: 900000", piece=b" "),
    Slow(name="of chunks", start="Transfer-Encoding: chunked", piece=b"1\r\n \r\n"),
    Slow(name="of chunks with extensions", start="Transfer-Encoding: chunked", piece=b"1;abc=def\r\n \r\n"),
]


async def test_a_body_that_drips_is_given_up_in_time(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)
    for path in ROUTES:
        for slow in BODIES:
            assert await refused_amid(target, target.head(slow.start, path=path), slow.piece) in (b"503", b"413", b"")


async def refused_amid(target: Target, head: bytes, piece: bytes) -> bytes:
    """The status that comes while the body still does; none where the connection was cut before it could be read."""
    async with target.connect() as (reader, writer):
        writer.write(head)
        dripping = asyncio.create_task(drip(writer, piece))
        try:
            return (await reader.readline())[9:12]
        except ConnectionError:
            return b""
        finally:
            dripping.cancel()
            await asyncio.wait([dripping])


async def test_a_body_that_nobody_reads_is_cut_off(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "drain_seconds", 0.05)
    for path in ("/api/tmp-file", "/api/jobs/0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55/cancel", "/nothing"):
        async with target.connect() as (reader, writer):
            writer.write(target.head("Transfer-Encoding: chunked", path=path))
            assert (await reader.readline())[9:12] in (b"200", b"404")
            with pytest.raises(ConnectionError):
                await drip(writer, b"1000\r\n" + bytes(4096) + b"\r\n")


async def test_an_upload_without_end_is_413_and_leaves_nothing(settings: Settings) -> None:
    small = settings.model_copy(update={"max_upload_bytes": 1 << 20})
    async with asyncio.timeout(60), open_service(small) as service, service.served() as (host, port, _):
        target = Target.of(service, host, port)
        async with service.client() as client:
            url = (await client.post("/api/tmp-file")).json()["data"]["upload_url"]
            head = target.head("Transfer-Encoding: chunked", method="PUT", path=url[url.index("/files/") :])
            assert await refused_amid(target, head, b"1000\r\n" + bytes(4096) + b"\r\n") in (b"413", b"")
            assert (await client.put(url, content=b"x")).status_code == 200


QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=1e3",
    "limit=" + "9" * 4400,
    "limit=%D9%A1",
    "limit=%00",
    "limit=1&limit=x",
    "offset=10001",
    "offset=1_000",
    "cursor=",
    "cursor=%00",
    "cursor=" + "A" * 10_000,
    "cursor=MjAyNg%3D%3D",
    "cursor=//8%3D",
    "cursor=OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzo1OSAwYjhjMWY1ZS02YTQzLTRmOGUtOWEzZC0yZjFmNmYwZTdjNTU",
    "cursor=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSAwYjhjMWY1ZS02YTQzLTRmOGUtOWEzZC0yZjFmNmYwZTdjNTU",
    "status=' OR 1=1",
    "status=%F0%9F%98%80",
    "machine=%00",
    "machine=" + "x" * 20_000,
    "machine=%ED%A0%80",
    "metadata.%00=x",
    "metadata.=",
    "metadata.a=" + "x" * 30_000,
    "&".join(f"metadata.a{n}=x" for n in range(2000)),
    "metadata.a=%ED%A0%80",
    "created_from=now",
    "created_from=0001-01-01T00:00:00%2B23:59",
    "created_from=9999-12-31T23:59:59-23:59",
    "created_before=9999-12-31T23:59:59.999999-23:59:59",
    "created_before=2026-01-01",
    "created_before=2026-W01-1T00:00Z",
    "created_before=2026-01-01T24:00:00Z",
    "created_before=20260101T000000Z",
    "created_before=%00",
    "created_from=-4713-01-01T00:00:00Z",
    "a" * 50_000,
    "%",
    "=",
    "&&&&",
]


async def test_no_query_of_a_list_makes_a_server_error(target: Target) -> None:
    for query in QUERIES:
        came = await target.exchange(last(target, f"/api/jobs?{query}"))
        assert answers(came) in ([200], [400]), (query[:99], came[:300])


IDEMPOTENCY_KEYS = ["", " ", "x" * 256, "\u00e9", "\x7f", "\x0b", "a\tb", "'; DROP TABLE jobs; --", "x" * 255, "\u0080"]


async def test_no_idempotency_key_makes_a_server_error(target: Target) -> None:
    for key in IDEMPOTENCY_KEYS:
        head = target.head(f"Idempotency-Key: {key}", f"Content-Length: {SIZE}", "Connection: close")
        assert answers(await target.exchange(head + TEXT)) in ([200], [400]), key
