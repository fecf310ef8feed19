"""Fetching from real servers that drop, lie, stall, redirect and never end."""

import asyncio
import errno
import gzip
import hashlib
import os
import random
import zlib
from collections.abc import AsyncGenerator
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest

from ffmill.config import Settings
from ffmill.errors import InputFailed
from ffmill.net.failures import UNREADABLE
from ffmill.net.session import open_session
from ffmill.worker import partial
from ffmill.worker.budget import LIMIT as LIMIT_SENTENCE
from ffmill.worker.budget import Budget, TooMuch
from ffmill.worker.fetch import MOST_REDIRECTS, PAUSES, fetch
from tests.integration.dialling import dialled
from tests.integration.origin import Origin, Request, Script, endless, origin, ranges, raw, redirect, reply, silence

LOOPBACK = Settings(allow_nets=(ip_network("127.0.0.1/32"),))
LIMIT = 64 << 20
CONTENT = random.Random(1).randbytes(300_000)
TAG = {"ETag": '"one"'}


class Fetching:
    """Fetches into a directory of its own, and writes down the pauses instead of waiting."""

    def __init__(self, session: aiohttp.ClientSession, directory: Path) -> None:
        self.session = session
        self.path = directory / "in.mp4"
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def fetch(self, url: str, *, limit_bytes: int = LIMIT, budget: Budget | None = None) -> int:
        budget = budget or Budget(2 * LIMIT)
        return await fetch(self.session, url, self.path, limit_bytes=limit_bytes, budget=budget, pause=self.pause)

    async def fetched(self, url: str, *, limit_bytes: int = LIMIT) -> bytes:
        """The file's bytes, when fetching says as many."""
        size = await self.fetch(url, limit_bytes=limit_bytes)
        content = self.path.read_bytes()
        assert len(content) == size
        return content

    async def refused(self, url: str, *, limit_bytes: int = LIMIT) -> str:
        """The message of a fetch that fails and leaves nothing."""
        with pytest.raises(InputFailed) as failed:
            await self.fetch(url, limit_bytes=limit_bytes)
        assert not self.path.exists()
        return failed.value.message


@pytest.fixture
async def fetching(tmp_path: Path) -> AsyncGenerator[Fetching]:
    async with open_session(LOOPBACK, idle_seconds=0.3) as session:
        yield Fetching(session, tmp_path)


def _tries(served: Origin) -> list[str | None]:
    """The ranges that were asked for."""
    return [request.headers.get("range") for request in served.requests]


async def test_a_file_is_written_as_it_is_served(fetching: Fetching) -> None:
    async with origin(reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    (request,) = served.requests
    assert (request.method, request.headers["accept-encoding"]) == ("GET", "identity")
    assert fetching.path.stat().st_mode & 0o777 == 0o644
    assert fetching.pauses == []


async def test_an_empty_file_is_a_file(fetching: Fetching) -> None:
    async with origin(reply(b"")) as served:
        assert await fetching.fetched(served.url()) == b""


async def test_a_file_longer_than_what_the_loop_writes_itself_is_whole(fetching: Fetching) -> None:
    content = random.Random(2).randbytes(partial.DIRECT_BYTES + (5 << 20) + 1)
    async with origin(reply(content)) as served:
        written = await fetching.fetched(served.url())
    assert hashlib.sha256(written).digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("link", [False, True])
async def test_what_is_there_already_is_never_written_to(fetching: Fetching, tmp_path: Path, link: bool) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    fetching.path.symlink_to(other) if link else other.rename(fetching.path)
    async with origin(reply(CONTENT)) as served:
        with pytest.raises(FileExistsError):
            await fetching.fetch(served.url())
    assert fetching.path.read_bytes() == b"mine"


async def test_a_presigned_url_is_sent_as_it_is(fetching: Fetching) -> None:
    path = "/a%20b+c.mp4?X-Amz-Signature=0f%2B%3d&c=AKIA%2F2026%2Fs3&x=1+2"
    async with origin(reply(CONTENT)) as served:
        await fetching.fetch(served.url(path))
    assert served.requests[0].target == path


# refusals


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(400, "400 Bad Request"), (403, "403 Forbidden"), (404, "404 Not Found"), (204, "204 No Content")],
)
async def test_an_answer_that_will_not_change_fails_at_once(fetching: Fetching, status: int, phrase: str) -> None:
    async with origin(reply(b"", status=status, length=None)) as served:
        url = served.url("/in.mp4?secret=1", user="me:secret@")
        assert await fetching.refused(url) == f"{served.url()} answered {phrase}"
    assert len(served.requests) == 1


async def test_a_file_that_announces_too_much_is_not_begun(fetching: Fetching) -> None:
    async with origin(silence(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")) as served:
        message = await fetching.refused(served.url(), limit_bytes=1000)
        assert message == f"{served.url()} is 1001 bytes; the most is 1000 ({LIMIT_SENTENCE})"


async def test_a_file_of_just_the_limit_is_taken(fetching: Fetching) -> None:
    async with origin(reply(b"x" * 1000)) as served:
        assert await fetching.fetch(served.url(), limit_bytes=1000) == 1000


async def test_a_file_without_end_is_stopped_at_the_limit(fetching: Fetching) -> None:
    async with origin(endless()) as served:
        assert f"({LIMIT_SENTENCE})" in await fetching.refused(served.url(), limit_bytes=1 << 20)
    assert len(served.requests) == 1


async def test_a_length_beyond_all_numbers_is_no_answer(fetching: Fetching) -> None:
    async with origin(endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n")) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} did not answer as HTTP wants it"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "", "http://a b/", "gopher://h", "/etc/passwd"])
async def test_only_http_is_fetched(fetching: Fetching, url: str) -> None:
    assert await fetching.refused(url) in ("its URL is not a URL", "its URL is not an http or https URL")


async def test_a_legacy_spelling_of_an_address_says_how_to_write_it(fetching: Fetching) -> None:
    with dialled() as addresses:
        message = await fetching.refused("http://2130706433/x?secret")
    assert message == "http://2130706433/x names its host neither by a name nor by a plain address"
    assert addresses == []


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.2]", "0.0.0.0", "169.254.169.254"])
async def test_a_refused_address_names_the_setting_and_is_not_dialled(fetching: Fetching, host: str) -> None:
    with dialled() as addresses:
        message = await fetching.refused(f"http://me:secret@{host}/x?secret")
    assert message.startswith(f"http://{host}/x is on a network that may not be reached")
    assert "FFMILL_ALLOW_NETS" in message
    assert "secret" not in message
    assert addresses == []
    assert fetching.pauses == []


async def test_a_server_that_is_not_there_is_named_without_its_address(fetching: Fetching) -> None:
    async with origin(reply()) as served:
        url = served.url()
    assert await fetching.refused(url) == f"{url} could not be reached: connection refused, in 4 tries"


async def test_another_protocol_fails_at_once(fetching: Fetching) -> None:
    async with origin(raw(b"SSH-2.0-OpenSSH_9.9\r\n")) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} did not answer as HTTP wants it"
    assert fetching.pauses == []


async def test_https_to_a_server_without_tls_fails_in_words(fetching: Fetching) -> None:
    def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/in.mp4"
        assert await fetching.refused(url) == f"{url} could not be reached: TLS failed, in 4 tries"


async def test_a_server_that_never_finishes_tls_is_given_up(fetching: Fetching) -> None:
    async with open_session(LOOPBACK, connect_seconds=0.1) as hasty, origin(silence()) as served:
        fetching.session = hasty
        url = f"https://127.0.0.1:{served.port}/in.mp4"
        assert await fetching.refused(url) == f"{url} could not be reached within 0.1 s, in 4 tries"


# trying again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_pass_is_asked_for_again(fetching: Fetching, status: int) -> None:
    async with origin(reply(b"later", status=status), reply(b"later", status=503), reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, None, None]


async def test_pauses_grow_and_the_last_failure_is_told(fetching: Fetching) -> None:
    async with origin(reply(status=503)) as served:
        message = await fetching.refused(served.url())
        assert message == f"{served.url()} answered 503 Service Unavailable, in 4 tries"
    assert len(served.requests) == 4
    for pause, middle in zip(fetching.pauses, PAUSES, strict=True):
        assert middle * 0.5 <= pause <= middle * 1.5


@pytest.mark.parametrize(("asked", "least", "most"), [("7", 7, 7), ("86400", 30, 30), ("²", 0, 1), ("-5", 0, 1)])
async def test_a_server_may_ask_for_a_longer_pause_within_reason(
    fetching: Fetching, asked: str, least: float, most: float
) -> None:
    busy = raw(f"HTTP/1.1 429 X\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n".encode())
    async with origin(busy, reply(CONTENT)) as served:
        await fetching.fetch(served.url())
    assert least <= fetching.pauses[0] <= most


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(reply(CONTENT[:1000], length=len(CONTENT), hang_up=True), id="length"),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + CONTENT[:1000] + b"\r\n"), id="chunks"
        ),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\nshort"), id="within a chunk"),
        pytest.param(silence(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), id="stalls"),
        pytest.param(silence(b"HTTP/1.1 200 OK\r\nContent-"), id="stalls in its headers"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nContent-"), id="drops in its headers"),
    ],
)
async def test_an_answer_that_breaks_off_is_begun_anew_where_nothing_vouches_for_it(
    fetching: Fetching, script: Script
) -> None:
    async with origin(script, reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert set(_tries(served)) == {None}


async def test_a_shorter_file_leaves_nothing_of_a_longer_one_that_broke_off(fetching: Fetching) -> None:
    async with origin(reply(CONTENT, length=len(CONTENT) + 1, hang_up=True), reply(b"short")) as served:
        assert await fetching.fetched(served.url()) == b"short"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (silence(), "sent nothing for 0.3 s"),
        (silence(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), "sent nothing for 0.3 s"),
        (reply(b"short", length=9, hang_up=True), "broke off before its end"),
        (raw(b""), "closed the connection"),
    ],
)
async def test_what_went_wrong_each_time_is_told(fetching: Fetching, script: Script, what: str) -> None:
    async with origin(script) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} {what}, in 4 tries"


# resuming


async def test_a_download_goes_on_where_it_broke_off(fetching: Fetching) -> None:
    async with origin(ranges(CONTENT, sends=100_000)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, "bytes=100000-", "bytes=200000-"]
    assert [request.headers.get("if-range") for request in served.requests] == [None, '"one"', '"one"']


async def test_a_download_goes_on_by_its_date_where_it_has_no_tag(fetching: Fetching) -> None:
    date = {"Last-Modified": "Tue, 24 Nov 2026 03:00:00 GMT", "ETag": 'W/"weak"'}
    rest = {"Content-Range": f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}"}
    async with origin(
        reply(CONTENT[:1000], headers=date, length=len(CONTENT), hang_up=True),
        reply(CONTENT[1000:], status=206, headers=rest),
    ) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert served.requests[1].headers["if-range"] == date["Last-Modified"]


@pytest.mark.parametrize("headers", [{"ETag": 'W/"weak"'}, {}, {**TAG, "Accept-Ranges": "none"}])
async def test_nothing_is_resumed_on_a_weak_word(fetching: Fetching, headers: dict[str, str]) -> None:
    cut = reply(CONTENT[:1000], headers=headers, length=len(CONTENT), hang_up=True)
    async with origin(cut, reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, None]


async def test_a_file_that_changed_in_between_is_fetched_whole(fetching: Fetching) -> None:
    other = CONTENT[::-1][:200_000]
    async with origin(ranges(CONTENT, sends=100_000), ranges(other, etag='"two"')) as served:
        assert await fetching.fetched(served.url()) == other
    assert _tries(served) == [None, "bytes=100000-"]


async def test_a_server_that_ignores_ranges_is_read_from_the_start(fetching: Fetching) -> None:
    cut = reply(CONTENT[:1000], headers=TAG, length=len(CONTENT), hang_up=True)
    async with origin(cut, reply(CONTENT, headers=TAG)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"Content-Range": f"bytes 999-{len(CONTENT) - 1}/{len(CONTENT)}"}, id="from elsewhere"),
        pytest.param({"Content-Range": "bytes 1000-1010/1011"}, id="of another length"),
        pytest.param({"Content-Range": "bytes */5"}, id="of no range"),
        pytest.param({"Content-Range": "1000-"}, id="unreadable"),
        pytest.param({}, id="unsaid"),
        pytest.param(
            {"Content-Range": f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}", "ETag": '"two"'}, id="of another file"
        ),
        pytest.param(
            {"Content-Range": f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}", "Content-Encoding": "gzip"}, id="coded"
        ),
    ],
)
async def test_a_part_that_was_not_asked_for_is_not_appended(fetching: Fetching, wrong: dict[str, str]) -> None:
    cut = reply(CONTENT[:1000], headers=TAG, length=len(CONTENT), hang_up=True)
    async with origin(cut, reply(b"x" * 11, status=206, headers=wrong), reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, "bytes=1000-", None]


async def test_a_part_that_is_shorter_than_asked_for_is_gone_on_from(fetching: Fetching) -> None:
    def part(start: int, end: int) -> Script:
        span = {"Content-Range": f"bytes {start}-{end - 1}/{len(CONTENT)}"}
        return reply(CONTENT[start:end], status=206, headers={**TAG, **span})

    cut = reply(CONTENT[:1000], headers=TAG, length=len(CONTENT), hang_up=True)
    async with origin(cut, part(1000, 5000), part(5000, len(CONTENT))) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, "bytes=1000-", "bytes=5000-"]


async def test_a_range_that_the_server_does_not_have_is_begun_anew(fetching: Fetching) -> None:
    cut = reply(CONTENT[:1000], headers=TAG, length=len(CONTENT), hang_up=True)
    async with origin(cut, reply(status=416), reply(CONTENT)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, "bytes=1000-", None]


async def test_a_part_where_the_whole_was_asked_for_is_no_file(fetching: Fetching) -> None:
    async with origin(reply(CONTENT, status=206, headers={"Content-Range": "bytes 0-9/10"})) as served:
        assert "another part than was asked for" in await fetching.refused(served.url())


async def test_the_limit_holds_across_tries(fetching: Fetching) -> None:
    async with origin(ranges(CONTENT, sends=100_000)) as served:
        message = await fetching.refused(served.url(), limit_bytes=len(CONTENT) - 1)
    assert message.endswith(f"is {len(CONTENT)} bytes; the most is {len(CONTENT) - 1} ({LIMIT_SENTENCE})")


async def test_what_is_begun_anew_is_charged_once(fetching: Fetching) -> None:
    cut = reply(CONTENT, length=len(CONTENT) + 1, hang_up=True)
    async with origin(cut, cut, reply(CONTENT)) as served:
        budget = Budget(len(CONTENT) + 10)
        assert await fetching.fetch(served.url(), budget=budget) == len(CONTENT)
    budget.check(10)
    with pytest.raises(TooMuch):
        budget.check(11)


async def test_a_file_that_announces_more_than_is_left_is_not_begun(fetching: Fetching) -> None:
    async with origin(silence(b"HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n")) as served:
        with pytest.raises(InputFailed, match=r"brings the job's inputs beyond 1 KiB \(FFMILL_MAX_JOB_BYTES\)"):
            await fetching.fetch(served.url(), budget=Budget(1024))
    assert not fetching.path.exists()


async def test_files_without_end_are_stopped_together(
    fetching: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write, budget = list[int](), os.pwrite, Budget(4 << 20)

    def noting(descriptor: int, chunk: bytes, offset: int) -> int:
        written.append(len(chunk))
        return write(descriptor, chunk, offset)

    async def one(url: str, path: Path) -> None:
        with pytest.raises(InputFailed, match="FFMILL_MAX_JOB_BYTES"):
            await fetch(fetching.session, url, path, limit_bytes=LIMIT, budget=budget)

    monkeypatch.setattr(os, "pwrite", noting)
    async with origin(endless()) as served, asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(one(served.url(), tmp_path / str(number)))
    assert 3 << 20 < sum(written) <= 4 << 20


async def test_a_long_file_over_a_bad_line_arrives_in_more_parts_than_tries(fetching: Fetching) -> None:
    content = random.Random(3).randbytes(12 << 20)
    async with origin(ranges(content, sends=3 << 19)) as served:
        assert await fetching.fetched(served.url()) == content
    assert len(served.requests) > len(PAUSES) + 1


async def test_a_server_that_sends_a_little_each_time_is_given_up(fetching: Fetching) -> None:
    async with origin(ranges(CONTENT, sends=10)) as served:
        assert "broke off before its end, in 4 tries" in await fetching.refused(served.url())


async def test_a_server_without_ranges_that_always_breaks_off_is_given_up(fetching: Fetching) -> None:
    content = bytes(4 << 20)
    async with origin(reply(content, length=len(content) + 1, hang_up=True)) as served:
        assert "broke off" in await fetching.refused(served.url())
    assert len(served.requests) <= 2 * (len(PAUSES) + 1)


# redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(fetching: Fetching, status: int) -> None:
    async with origin(redirect("/b?sig=%2F", status), redirect("c"), reply(CONTENT)) as served:
        assert await fetching.fetched(served.url("/dir/a")) == CONTENT
    assert [request.target for request in served.requests] == ["/dir/a", "/b?sig=%2F", "/c"]


async def test_as_many_redirects_as_allowed_are_followed_and_no_more(fetching: Fetching) -> None:
    async with origin(*[redirect("/next")] * MOST_REDIRECTS, reply(CONTENT)) as served:
        assert await fetching.fetch(served.url()) == len(CONTENT)
    fetching.path.unlink()
    async with origin(redirect("/again?secret")) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} redirects more than 5 times"
    assert len(served.requests) == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("file:///etc/passwd", "redirects to what is not an http or https URL"),
        ("ftp://127.0.0.1/", "redirects to what is not an http or https URL"),
        ("http://[::1", "redirects to what is not a URL"),
    ],
)
async def test_a_redirect_leads_to_http_only(fetching: Fetching, location: str, what: str) -> None:
    async with origin(redirect(location)) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} {what}"


async def test_a_redirect_that_leads_nowhere_fails(fetching: Fetching) -> None:
    async with origin(reply(status=302)) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} answered 302 Found without a Location"


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]"])
async def test_a_redirect_to_a_refused_address_is_not_dialled(fetching: Fetching, host: str) -> None:
    async with origin(redirect(f"http://{host}/latest?secret")) as served:
        with dialled() as addresses:
            message = await fetching.refused(served.url())
        assert message.startswith(f"{served.url()} redirects to http://{host}, which is on a network that may not")
    assert "FFMILL_ALLOW_NETS" in message
    assert "secret" not in message
    assert addresses == ["127.0.0.1"]


async def test_a_failure_behind_a_redirect_names_both_hosts_and_no_secret(fetching: Fetching) -> None:
    async with origin(reply(status=403)) as second, origin(redirect(second.url("/signed?secret"))) as first:
        message = await fetching.refused(first.url())
        assert message == f"{first.url()} redirects to http://127.0.0.1:{second.port}, which answered 403 Forbidden"


async def test_credentials_stay_with_their_origin(fetching: Fetching) -> None:
    async with origin(reply(CONTENT)) as second, origin(redirect("/b"), redirect(second.url("/c"))) as first:
        await fetching.fetch(first.url(user="me:secret@"))
    assert [request.headers.get("authorization") for request in first.requests] == ["Basic bWU6c2VjcmV0"] * 2
    assert "authorization" not in second.requests[0].headers


async def test_a_redirected_download_is_resumed_by_way_of_the_first_url(fetching: Fetching) -> None:
    async with origin(ranges(CONTENT, sends=200_000)) as second, origin(redirect(second.url("/file"))) as first:
        assert await fetching.fetched(first.url()) == CONTENT
    assert len(first.requests) == 2
    assert _tries(second) == [None, "bytes=200000-"]


# codings


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(CONTENT)),
        ("GZIP", gzip.compress(CONTENT)),
        ("deflate", zlib.compress(CONTENT)),
        ("identity", CONTENT),
    ],
)
async def test_a_coding_that_was_not_asked_for_is_undone(fetching: Fetching, coding: str, coded: bytes) -> None:
    async with origin(reply(coded, headers={"Content-Encoding": coding})) as served:
        assert await fetching.fetched(served.url()) == CONTENT


async def test_a_gzip_bomb_is_stopped_at_the_limit(fetching: Fetching) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    async with origin(reply(bomb, headers={"Content-Encoding": "gzip"})) as served:
        assert "FFMILL_MAX_INPUT_BYTES" in await fetching.refused(served.url(), limit_bytes=1 << 20)


async def test_a_coded_download_that_breaks_off_is_not_resumed(fetching: Fetching) -> None:
    coded, headers = gzip.compress(CONTENT), {**TAG, "Content-Encoding": "gzip"}
    cut = reply(coded[:50_000], headers=headers, length=len(coded), hang_up=True)
    async with origin(cut, reply(coded, headers=headers)) as served:
        assert await fetching.fetched(served.url()) == CONTENT
    assert _tries(served) == [None, None]


async def test_a_coding_that_is_a_lie_fails_at_once(fetching: Fetching) -> None:
    async with origin(reply(CONTENT, headers={"Content-Encoding": "gzip"})) as served:
        message = await fetching.refused(served.url())
        assert message == f"{served.url()} {UNREADABLE}"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "x" * 100])
async def test_a_coding_that_is_not_read_here_fails_at_once(fetching: Fetching, coding: str) -> None:
    async with origin(reply(CONTENT, headers={"Content-Encoding": coding})) as served:
        assert await fetching.refused(served.url()) == f"{served.url()} {UNREADABLE}"
    assert len(served.requests) == 1


# our own side


async def test_a_full_disk_fails_the_input_in_words(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    async with origin(reply(CONTENT)) as served:
        message = await fetching.refused(served.url())
        assert message == f"{served.url()} could not be written to the worker's disk: No space left on device"


@pytest.mark.parametrize("sent", [1000, partial.DIRECT_BYTES + (4 << 20)])
async def test_a_cancelled_fetch_leaves_no_file_and_no_connection(fetching: Fetching, sent: int) -> None:
    reached, gone = asyncio.Event(), asyncio.Event()

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        writer.write(bytes(sent))
        await writer.drain()
        reached.set()
        with suppress(ConnectionError):
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        gone.set()

    async with origin(script) as served, asyncio.timeout(20):
        task = asyncio.create_task(fetching.fetch(served.url(), limit_bytes=1 << 30, budget=Budget(1 << 30)))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not fetching.path.exists()
        await gone.wait()


async def test_the_callers_time_limit_is_the_callers(fetching: Fetching) -> None:
    async with open_session(LOOPBACK) as patient, origin(silence()) as served:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await fetch(patient, served.url(), fetching.path, limit_bytes=LIMIT, budget=Budget(LIMIT))
    assert not fetching.path.exists()


async def test_connections_are_used_again(fetching: Fetching) -> None:
    async with origin(reply(CONTENT)) as served:
        for _ in range(3):
            await fetching.fetch(served.url())
            fetching.path.unlink()
    assert served.connections == 1


async def test_many_files_are_fetched_side_by_side(fetching: Fetching, tmp_path: Path) -> None:
    async with origin(reply(CONTENT)) as served, asyncio.TaskGroup() as group:
        for number in range(40):
            path = tmp_path / f"{number}"
            group.create_task(fetch(fetching.session, served.url(), path, limit_bytes=LIMIT, budget=Budget(LIMIT)))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [CONTENT] * 40
