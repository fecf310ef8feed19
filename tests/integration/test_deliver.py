"""Calls of webhooks at real receivers, good ones and bad ones: only a 2xx delivers, and nothing is raised."""

import asyncio
from collections.abc import AsyncGenerator
from ipaddress import ip_network

import aiohttp
import pytest

from ffmill.config import Settings
from ffmill.net.session import open_session
from ffmill.net.targets import UnusableUrl, parse
from ffmill.webhooks import deliver as webhooks_deliver
from ffmill.webhooks.deliver import deliver
from tests.integration.dialling import dialled
from tests.integration.origin import Request, Script, endless, origin, raw, redirect, reply, silence

LOOPBACK = Settings(allow_nets=(ip_network("127.0.0.1/32"),))
BODY = '{"id":"1","error_message":"ä"}'.encode()


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with open_session(LOOPBACK) as opened:
        yield opened


async def test_the_body_is_posted_as_json_to_the_url_as_given(session: aiohttp.ClientSession) -> None:
    async with origin(reply(status=204)) as served:
        delivered = await deliver(session, served.url("/hook%2Fa?token=x%2By&b=1 2"), BODY)
    (request,) = served.requests
    assert (delivered.status_code, delivered.error) == (204, None)
    assert (request.method, request.target) == ("POST", "/hook%2Fa?token=x%2By&b=1%202")
    assert (request.headers["content-type"], request.body) == ("application/json", BODY)
    assert request.headers["user-agent"].startswith("ffmill/")


async def test_user_and_password_in_the_url_are_sent(session: aiohttp.ClientSession) -> None:
    async with origin(reply()) as served:
        await deliver(session, served.url(user="me:secret@"), BODY)
    assert served.requests[0].headers["authorization"] == "Basic bWU6c2VjcmV0"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_delivers(session: aiohttp.ClientSession, status: int) -> None:
    async with origin(reply(status=status)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (status, None)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (304, "the webhook answered 304 Not Modified"),
        (404, "the webhook answered 404 Not Found"),
        (410, "the webhook answered 410 Gone"),
        (500, "the webhook answered 500 Internal Server Error"),
        (599, "the webhook answered 599"),
    ],
)
async def test_any_other_status_does_not(session: aiohttp.ClientSession, status: int, error: str) -> None:
    async with origin(reply(status=status)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (status, error)
    assert len(served.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_redirect_is_followed_by_post_with_the_same_body(
    session: aiohttp.ClientSession, status: int, times: int
) -> None:
    scripts = [redirect(f"/{number}?a=%2F", status) for number in range(times)]
    async with origin(*scripts, reply(b"thanks", status=201)) as served:
        delivered = await deliver(session, served.url(), BODY, headers={"webhook-id": "one"})
    assert (delivered.status_code, delivered.error, delivered.answer) == (201, None, "thanks")
    assert len(served.requests) == times + 1
    assert served.requests[-1].target == f"/{times - 1}?a=%2F"
    for request in served.requests:
        assert (request.method, request.body, request.headers["webhook-id"]) == ("POST", BODY, "one")
        assert request.headers["content-type"] == "application/json"


async def test_a_fourth_redirect_is_not_followed(session: aiohttp.ClientSession) -> None:
    async with origin(*(redirect(f"/{number}") for number in range(4)), reply()) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (302, "the webhook redirects more than 3 times")
    assert len(served.requests) == 4


async def test_a_redirect_that_asks_for_a_get_is_not_followed(session: aiohttp.ClientSession) -> None:
    async with origin(redirect("/elsewhere", 303)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.status_code == 303
    assert delivered.error == (
        "the webhook answered 303 See Other, which asks for a GET: a webhook is sent by POST alone"
    )
    assert len(served.requests) == 1


async def test_a_redirect_to_nowhere_is_told(session: aiohttp.ClientSession) -> None:
    async with origin(reply(status=302)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (302, "the webhook answered 302 Found without a Location")


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_a_redirect_to_a_private_address_is_refused_and_not_told(
    session: aiohttp.ClientSession, host: str
) -> None:
    async with origin(redirect(f"http://{host}/secret", 307)) as served:
        with dialled() as addresses:
            delivered = await deliver(session, served.url("/hidden"), BODY)
    assert {*addresses} == {"127.0.0.1"}
    assert delivered.status_code is None
    assert delivered.error is not None
    assert delivered.error.startswith("what the webhook redirects to is on a network that may not be reached")
    assert not [word for word in (host, "secret", "hidden") if word in delivered.error]


async def test_what_goes_wrong_behind_a_redirect_is_said_of_what_is_there(session: aiohttp.ClientSession) -> None:
    async with origin(redirect("/gone"), reply(status=410)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (410, "what the webhook redirects to answered 410 Gone")


@pytest.mark.parametrize("location", ["ftp://example.com/", "http://[", "//a b/", "http://2130706433/"])
async def test_a_redirect_to_no_http_url_is_no_exception(session: aiohttp.ClientSession, location: str) -> None:
    async with origin(redirect(location)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.error is not None
    assert "redirects to" in delivered.error
    assert len(served.requests) == 1


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    with pytest.raises(UnusableUrl, match="redirects from https to http"):
        webhooks_deliver._redirected(parse("https://example.com/"), "http://example.com/")  # pyright: ignore[reportPrivateUsage]


async def test_the_start_of_the_answer_is_kept(session: aiohttp.ClientSession) -> None:
    async with origin(reply("ä".encode() * 1000, status=500)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.answer == "ä" * 512


async def test_an_answer_that_is_no_text_is_kept_as_far_as_it_is(session: aiohttp.ClientSession) -> None:
    async with origin(reply(b"a\0b\xff", headers={"Content-Encoding": "gzip"})) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.error, delivered.answer) == (None, "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}")


async def test_of_an_answer_without_end_only_the_start_is_read(session: aiohttp.ClientSession) -> None:
    async with origin(endless()) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (200, None)
    assert len(delivered.answer) == 1024


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(silence(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nthanks"), id="stalls"),
        pytest.param(reply(b"thanks", length=10, hang_up=True), id="hangs up"),
        pytest.param(
            silence(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nthanks\r\n"), id="stalls in chunks"
        ),
    ],
)
async def test_a_2xx_whose_body_breaks_off_delivers(
    session: aiohttp.ClientSession, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_deliver, "ANSWER_SECONDS", 0.2)
    async with origin(script) as served:
        delivered = await deliver(session, served.url(), BODY, limit_seconds=30)
    assert (delivered.status_code, delivered.error) == (200, None)
    assert delivered.answer in ("thanks", "")


async def test_an_answer_that_comes_late_but_in_time_delivers(session: aiohttp.ClientSession) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def late(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go_on.wait()
        await reply(status=204)(request, writer)

    async with origin(late) as served:
        calling = asyncio.create_task(deliver(session, served.url(), BODY))
        await asked.wait()
        assert not calling.done()
        go_on.set()
        delivered = await calling
    assert (delivered.status_code, delivered.error) == (204, None)
    assert delivered.duration_seconds > 0


async def test_huge_headers_are_no_answer(session: aiohttp.ClientSession) -> None:
    async with origin(reply(headers={"X": "x" * 20_000})) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (None, "the webhook did not answer as HTTP wants it")


async def test_headers_without_end_are_not_read(session: aiohttp.ClientSession) -> None:
    async with origin(endless(b"HTTP/1.1 200 OK\r\nX: ")) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.status_code is None


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(raw(b""), id="hangs up"),
        pytest.param(raw(b"HTTP/1.1 200"), id="hangs up within the status"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.9\r\n"), id="another protocol"),
        pytest.param(raw(b"\x00" * 100), id="zeros"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"), id="no chunks"),
    ],
)
async def test_a_receiver_that_answers_badly_is_told_so_once(session: aiohttp.ClientSession, script: Script) -> None:
    async with origin(script) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.status_code is None
    assert delivered.error is not None
    assert len(served.requests) == 1


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nX: "])
async def test_a_receiver_that_stalls_is_given_up_at_the_limit(session: aiohttp.ClientSession, before: bytes) -> None:
    async with origin(silence(before)) as served:
        delivered = await deliver(session, served.url(), BODY, limit_seconds=0.2)
    assert (delivered.status_code, delivered.error) == (None, "the webhook did not answer within 0.2 s")


async def test_a_receiver_that_is_down_is_no_exception(session: aiohttp.ClientSession) -> None:
    async with origin(reply()) as served:
        url = served.url()
    delivered = await deliver(session, url, BODY)
    assert delivered.error == "the webhook could not be reached: connection refused"


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_a_private_address_is_refused_and_not_told(session: aiohttp.ClientSession, host: str) -> None:
    with dialled() as addresses:
        delivered = await deliver(session, f"http://{host}/secret-path?secret", BODY)
    assert delivered.status_code is None
    assert delivered.error is not None
    assert "FFMILL_ALLOW_NETS" in delivered.error
    assert "secret" not in delivered.error
    assert host not in delivered.error
    assert addresses == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://2130706433/", "http://a b/", "", "http://[::1"])
async def test_a_url_that_is_none_is_no_exception(session: aiohttp.ClientSession, url: str) -> None:
    delivered = await deliver(session, url, BODY)
    assert delivered.status_code is None
    assert delivered.error is not None


async def test_no_connection_is_kept_for_the_next_delivery(session: aiohttp.ClientSession) -> None:
    async with origin(reply(b"thanks", headers={"Connection": "close"}, hang_up=True)) as served:
        for _ in range(2):
            await deliver(session, served.url(), BODY)
    assert served.connections == 2
    assert [request.headers["connection"] for request in served.requests] == ["close", "close"]
