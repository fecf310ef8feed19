"""Signed URLs, tampered with: each change is refused, or is another spelling of the same URL of the same file."""

import base64
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ffmill.config import Settings
from tests.attacks.http.conftest import Target
from tests.integration.api.conftest import Service, open_service

OURS = "outputs/0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55/1/été 100%.mp4"
THEIRS = "outputs/11111111-6a43-4f8e-9a3d-2f1f6f0e7c55/1/theirs.mp4"
CONTENT = bytes(range(256)) * 40
SECRET = b"the file of somebody else"
REFUSED = (400, 403, 404, 405)


async def once(data: bytes) -> AsyncGenerator[bytes]:
    """A stream of one chunk."""
    yield data


@pytest.fixture
async def stored(target: Target) -> Target:
    """The API, with a file of ours and one of theirs."""
    store = target.service.parts.store
    await store.put_stream(OURS, once(CONTENT), 1 << 20)
    await store.put_stream(THEIRS, once(SECRET), 1 << 20)
    return target


def signed(service: Service, key: str = OURS, seconds: int = 600, method: str = "GET") -> str:
    """Path and query of a URL of ours."""
    url = service.parts.signer.sign(method, key, seconds)  # pyright: ignore[reportArgumentType]  # a literal
    return url[url.index("/files/") :]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back over the wire."""

    status: int
    head: bytes
    body: bytes


async def ask(target: Target, path: str, *lines: str, method: str = "GET") -> Answer:
    """One request, its target sent byte by byte as it is written here."""
    sent = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *lines)) + "\r\n\r\n"
    head, _, body = (await target.exchange(sent.encode("utf-8", "surrogateescape"))).partition(b"\r\n\r\n")
    return Answer(status=int(head.split()[1]), head=head.lower(), body=body)


Change = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Tampering:
    """One change to a URL."""

    name: str
    change: Change


def sub(pattern: str, by: str) -> Change:
    """Replaces what the pattern finds first."""
    return lambda url: re.sub(pattern, lambda _: by, url, count=1)


def query(name: str, by: str) -> Change:
    """Gives a parameter another value."""
    return sub(rf"{name}=[^&]*", f"{name}={by}")


def parameter(url: str, name: str) -> str:
    """A parameter as it stands in the URL."""
    found = re.search(rf"{name}=([^&]*)", url)
    assert found
    return found[1]


def on_signature(change: Change) -> Change:
    """Changes the signature alone."""
    return lambda url: url.replace(parameter(url, "sig"), change(parameter(url, "sig")))


def on_path(change: Change) -> Change:
    """Changes the path alone."""
    return lambda url: f"{change(url.partition('?')[0])}?{url.partition('?')[2]}"


def next_character(text: str) -> str:
    """The text with another last character, of the same bits where base64 ignores some."""
    return text[:-1] + ("B" if text[-1] == "A" else chr(ord(text[-1]) + 1))


def again(name: str, order: str) -> Change:
    """Gives a parameter twice, with its own value."""

    def change(url: str) -> str:
        text = f"{name}={parameter(url, name)}"
        return f"{url}&{text}" if order == "last" else url.replace("?", f"?{text}&", 1)

    return change


def reordered(url: str) -> str:
    """The URL with its parameters backwards."""
    path, _, text = url.partition("?")
    return f"{path}?{'&'.join(reversed(text.split('&')))}"


OUR_PARAMETERS = ("expires", "kid", "sig")
PATHS: dict[str, Change] = {
    "another name": on_path(lambda path: path.replace(".mp4", ".mp3")),
    "another account's": on_path(lambda _: f"/files/{quote(THEIRS)}"),
    "another account's, encoded": on_path(lambda _: f"/files/{quote(THEIRS, safe='')}"),
    "another attempt": on_path(lambda path: path.replace("/1/", "/2/")),
    "a directory": on_path(lambda path: path.rpartition("/")[0]),
    "nothing": on_path(lambda _: "/files/"),
    "appended": on_path(lambda path: f"{path}x"),
    "cut": on_path(lambda path: path[:-1]),
    "slash at the end": on_path(lambda path: f"{path}/"),
    "doubled slash": on_path(lambda path: path.replace("/1/", "//1/")),
    "upper-case key": on_path(lambda path: path.replace("outputs", "OUTPUTS")),
    "upper-case route": on_path(lambda path: path.replace("/files/", "/FILES/")),
    "upper-case id": on_path(lambda path: path.replace("0b8c1f5e", "0B8C1F5E")),
    "decomposed accent": on_path(lambda path: path.replace("%C3%A9", "e%CC%81")),
    "full-width letter": on_path(lambda path: path.replace("outputs", quote("\uff4futputs"))),
    "latin-1": on_path(lambda path: path.replace("%C3%A9", "%E9")),
    "overlong utf-8": on_path(lambda path: path.replace("/1/", "%C0%AF1/")),
    "surrogate": on_path(lambda path: path.replace("%C3%A9", "%ED%A0%80")),
    "double encoding": on_path(lambda path: path.replace("%", "%25")),
    "double encoding of a slash": on_path(lambda path: path.replace("/1/", "%252F1/")),
    "plus for a blank": on_path(lambda path: path.replace("%20", "+")),
    "dot segments up": on_path(lambda path: path.replace("/1/", "/1/../1/")),
    "dot segment": on_path(lambda path: path.replace("/1/", "/./1/")),
    "encoded dot segments": on_path(lambda path: path.replace("/1/", "/1/%2e%2e/1/")),
    "encoded dots and slash": on_path(lambda path: path.replace("/1/", "/1/..%2f1/")),
    "twice encoded dots": on_path(lambda path: path.replace("/1/", "/1/%252e%252e/1/")),
    "to another account's": on_path(lambda path: f"{path}/../../../../{quote(THEIRS)}"),
    "to the root": on_path(lambda _: "/files/../../../../etc/passwd"),
    "to the root, encoded": on_path(lambda _: "/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    "absolute": on_path(lambda _: "/files//etc/passwd"),
    "absolute, encoded": on_path(lambda _: "/files/%2Fetc%2Fpasswd"),
    "backslashes": on_path(lambda path: path.replace("/1/", "\\1\\")),
    "encoded backslashes": on_path(lambda path: path.replace("/1/", "%5c1%5c")),
    "nul": on_path(lambda path: f"{path}%00"),
    "nul and a suffix": on_path(lambda path: f"{path}%00.png"),
    "newline": on_path(lambda path: f"{path}%0a"),
    "path parameter": on_path(lambda path: f"{path};x=1"),
    "question mark in the path": on_path(lambda path: f"{path}%3Fx"),
    "whole query in the path": sub(r"\?", "%3F"),
    "other route": on_path(lambda path: path.replace("/files/", "/api/files/").replace("/api/files", "/file")),
    "temporary file": on_path(lambda _: "/files/tmp/0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55"),
}
SIGNATURES: dict[str, Change] = {
    "empty": lambda _: "",
    "truncated": lambda text: text[:-1],
    "of one character": lambda text: text[0],
    "extended": lambda text: f"{text}A",
    "padded": lambda text: f"{text}=",
    "padded, encoded": lambda text: f"{text}%3D",
    "of the same bits": next_character,
    "in other case": str.swapcase,
    "in standard base64": lambda text: text.translate(str.maketrans("-_", "+/")) + "=",
    "in hexadecimal": lambda text: base64.urlsafe_b64decode(f"{text}=").hex(),
    "with a blank": lambda text: f"{text}%20",
    "after a blank": lambda text: f"%20{text}",
    "with a newline": lambda text: f"{text}%0A",
    "with a nul": lambda text: f"{text}%00",
    "of unicode": lambda _: "%F0%9F%98%80" * 11,
    "of invalid utf-8": lambda _: "%FF" * 43,
    "of zeros": lambda _: "A" * 43,
    "null": lambda _: "null",
    "huge": lambda _: "A" * 50_000,
}
QUERIES: dict[str, Change] = {
    "later expiry": lambda url: query("expires", str(int(parameter(url, "expires")) + 1))(url),
    "earlier expiry": lambda url: query("expires", str(int(parameter(url, "expires")) - 1))(url),
    "no expiry": sub(r"expires=\d+&", ""),
    "kid removed": sub(r"&kid=[^&]*", ""),
    "sig removed": sub(r"&sig=[^&]*", ""),
    "no query": sub(r"\?.*", ""),
    "empty query": sub(r"\?.*", "?"),
    "names in capitals": lambda url: url.replace("expires", "EXPIRES").replace("kid", "KID").replace("sig", "SIG"),
    "names encoded twice": lambda url: url.replace("sig=", "%2573ig="),
    "semicolons": lambda url: url.replace("&", ";"),
    "lists": lambda url: url.replace("sig=", "sig[]="),
    "doubled question mark": lambda url: url.replace("?", "??"),
    "hundreds of parameters": sub("$", "&a=1" * 200),
    **{
        f"expiry {value}": query("expires", value)
        for value in (
            "",
            "0",
            "-1",
            "NaN",
            "inf",
            "1e12",
            "0x7fffffff",
            "9" * 13,
            "9" * 5000,
            "%30",
            "%D9%A1",
            "+1",
            "null",
        )
    },
    **{
        f"kid {value}": query("kid", value)
        for value in ("", "unknown", "%00", "..%2F..", "none", "' OR 1=1 --", "k" * 5000, "%F0%9F%98%80")
    },
    **{f"signature {name}": on_signature(change) for name, change in SIGNATURES.items()},
}
DOUBLE = {f"{name} twice, {order}": again(name, order) for name in OUR_PARAMETERS for order in ("first", "last")}

TAMPERINGS = [
    Tampering(name=name, change=change) for table in (PATHS, QUERIES, DOUBLE) for name, change in table.items()
]
SAME = [
    Tampering(name="parameters in another order", change=reordered),
    Tampering(name="escapes in small letters", change=lambda url: url.replace("%C3%A9", "%c3%a9")),
    Tampering(name="letters escaped", change=on_path(lambda path: path.replace("mp4", "%6Dp%34"))),
    Tampering(name="slashes escaped", change=on_path(lambda path: path.replace("/1/", "%2F1%2F"))),
    Tampering(name="a tracker's parameter", change=sub("$", "&utm_source=x&Expires=1")),
    Tampering(name="absolute form", change=lambda url: f"http://other.example{url}"),
]


def test_the_tables_hold_many_cases() -> None:
    assert len(TAMPERINGS) >= 95


async def test_every_tampering_is_refused_and_the_url_works_before_and_after(stored: Target) -> None:
    url = signed(stored.service)
    wrong: list[str] = []
    for case in TAMPERINGS:
        changed = case.change(url)
        assert changed != url, case.name
        for method in ("GET", "HEAD"):
            answer = await ask(stored, changed, method=method)
            if answer.status not in REFUSED or SECRET in answer.body or CONTENT[:99] in answer.body:
                wrong.append(f"{case.name}: {method} {answer.status}")
    assert wrong == []
    answer = await ask(stored, url)
    assert (answer.status, answer.body) == (200, CONTENT)


@pytest.mark.parametrize("case", SAME, ids=lambda case: case.name)
async def test_another_spelling_of_the_same_url_gives_the_same_file(stored: Target, case: Tampering) -> None:
    answer = await ask(stored, case.change(signed(stored.service)))
    assert (answer.status, answer.body) == (200, CONTENT)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "COPY", "MOVE"])
async def test_a_download_url_allows_no_other_method(stored: Target, method: str) -> None:
    for line in ("X-A: b", "X-HTTP-Method-Override: GET", "X-HTTP-Method: GET", "X-Original-URL: /healthz"):
        answer = await ask(stored, signed(stored.service), "Content-Length: 0", line, method=method)
        assert answer.status in REFUSED
    assert (await ask(stored, signed(stored.service))).body == CONTENT


async def test_a_method_in_a_header_changes_nothing(stored: Target) -> None:
    put = signed(stored.service, "tmp/0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55", method="PUT")
    for url in (put, signed(stored.service, THEIRS, method="PUT")):
        for method in ("GET", "HEAD"):
            answer = await ask(stored, url, "X-HTTP-Method-Override: PUT", method=method)
            assert answer.status == 403
    answer = await ask(stored, signed(stored.service, THEIRS, method="PUT"), "Content-Length: 1", method="PUT")
    assert answer.status == 404  # an output is no upload, whatever is signed


async def test_an_upload_url_of_one_file_uploads_no_other(stored: Target, client: httpx.AsyncClient) -> None:
    one, two = [(await client.post("/api/tmp-file")).json()["data"] for _ in range(2)]
    swapped = one["upload_url"].replace(key_of(one), key_of(two))
    for url in (swapped, one["download_url"], swapped.replace("tmp/", "tmp/%2e/")):
        assert (await client.put(url, content=b"x")).status_code in (403, 404)
    assert (await client.put(two["upload_url"], content=b"theirs")).status_code == 200
    assert (await client.get(one["download_url"].replace(key_of(one), key_of(two)))).status_code == 403
    assert (await client.put(one["upload_url"], content=b"ours")).status_code == 200
    assert (await client.get(two["download_url"])).content == b"theirs"


def key_of(urls: dict[str, str]) -> str:
    """The id in the URLs of a temporary file."""
    found = re.search(r"tmp/([0-9a-f-]{36})", urls["upload_url"])
    assert found
    return found[1]


async def test_an_expired_url_is_refused_however_it_is_asked(stored: Target) -> None:
    url = signed(stored.service, seconds=-1)
    for method in ("GET", "HEAD"):
        for line in ("X-A: b", "Range: bytes=0-1", "If-None-Match: *", "Date: Thu, 01 Jan 1970 00:00:00 GMT"):
            assert (await ask(stored, url, line, method=method)).status == 403


async def test_an_old_key_verifies_until_it_is_removed_and_a_new_one_signs(
    settings: Settings, database_url: str
) -> None:
    async with open_service(settings) as before:
        await before.parts.store.put_stream(OURS, once(CONTENT), 1 << 20)
        old = signed(before)
    with psycopg.connect(database_url, autocommit=True) as connection:
        add_key = "INSERT INTO signing_keys (id, secret, created_at) VALUES ('rotated', %s, now() + interval '1 s')"
        connection.execute(add_key, (b"r" * 32,))
    async with open_service(settings) as during, during.client() as client:
        new = signed(during)
        assert "kid=rotated" in new
        assert [(await client.get(url)).status_code for url in (old, new)] == [200, 200]
        for swapped in (query("kid", parameter(new, "kid"))(old), query("kid", parameter(old, "kid"))(new)):
            assert (await client.get(swapped)).status_code == 403
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM signing_keys WHERE id <> 'rotated'")
    async with open_service(settings) as after, after.client() as client:
        assert [(await client.get(url)).status_code for url in (old, new)] == [403, 200]


RANGES = [
    "bytes=" + ",".join(f"{at}-{at}" for at in range(5000)),
    "bytes=" + "0-," * 10_000,
    "bytes=" + ",".join(["0-"] * 5000),
    "bytes=0-1,0-1",
    f"bytes=0-{'9' * 5000}",
    f"bytes={'9' * 5000}-",
    f"bytes=-{'9' * 5000}",
    f"bytes={'0' * 5000}1-2",
    "bytes=18446744073709551616-",
    "bytes=-18446744073709551616",
    "bytes=-0",
    "bytes=--1",
    "bytes=-1-5",
    "bytes=5-1",
    "bytes=1",
    "bytes=-",
    "bytes=",
    "bytes",
    "=",
    "",
    "bytes=a-b",
    "bytes=0x0-0xf",
    "bytes=1e3-",
    "bytes= 0 - 1 ",
    "bytes=0-1;q=1",
    "octets=0-1",
    "bytes=\u0660-\u0661",
    "bytes=\uff10-\uff11",
    "bytes=\x85-1",
    "none",
    "bytes=0-0\x0b,1-1",
    "bytes " * 1000,
]


async def test_no_range_bomb_gives_more_than_the_file_or_breaks_anything(stored: Target) -> None:
    url = signed(stored.service)
    for asked in RANGES:
        for lines in (
            (f"Range: {asked}",),
            (f"Range: {asked}", "Range: bytes=0-0"),
            (f"Range: {asked}", 'If-Range: "x"'),
        ):
            answer = await ask(stored, url, *lines)
            assert answer.status in (200, 206, 400, 416), asked[:99]
            assert len(answer.body) <= len(CONTENT), asked[:99]
            assert b"multipart" not in answer.head
            if answer.status == 200:
                assert answer.body == CONTENT


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=99999999-", "bytes=-1", "bytes=0-0,1-1"])
async def test_head_knows_no_range(stored: Target, asked: str) -> None:
    answer = await ask(stored, signed(stored.service), f"Range: {asked}", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert f"content-length: {len(CONTENT)}".encode() in answer.head


HOSTILE = ["If-None-Match", "If-Modified-Since", "If-Range", "If-Match", "Accept-Encoding", "Accept", "Range", "Expect"]
VALUES = [
    '"' * 30_000,
    'W/"x",' * 5000,
    "*" * 100,
    "Thu, 01 Jan 99999 00:00:00 GMT",
    "Thu, 01 Jan 0000 00:00:00 GMT",
    "Thu, 31 Feb 2026 99:99:99 +9999",
    "Thu, 01 Jan 1970 00:00:00 -99999999999999",
    "é",
    "\udcff",
    "",
]


async def test_no_conditional_header_breaks_a_download(stored: Target) -> None:
    url = signed(stored.service)
    for name in HOSTILE:
        for value in VALUES:
            answer = await ask(stored, url, f"{name}: {value}", "Range: bytes=0-1" if name != "Range" else "X: y")
            assert answer.status in (200, 206, 304, 400, 412, 417), (name, value[:50], answer.head[:99])


@hypothesis_settings(
    deadline=None, max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    at=st.integers(0, 10_000),
    change=st.sampled_from(["", "%00", "%", "/", "?", "&", "=", "..", "%2e", "\\", ";", "A", "%252e", "\u00e9", "+"]),
    width=st.integers(0, 3),
)
async def test_no_chance_change_gives_another_file(stored: Target, at: int, change: str, width: int) -> None:
    url = signed(stored.service)
    at = len("/files/") + at % len(url)
    answer = await ask(stored, url[:at] + change + url[at + width :])
    assert answer.status in (200, *REFUSED)
    assert SECRET not in answer.body
    if answer.status == 200:
        assert answer.body == CONTENT
