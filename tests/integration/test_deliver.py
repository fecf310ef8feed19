"""Webhook deliveries to real receivers, good ones and bad ones: only a 2xx delivers, and nothing is raised."""

from collections.abc import AsyncGenerator
from ipaddress import ip_network

import aiohttp
import pytest

from ffmill.config import Settings
from ffmill.net.session import open_session
from ffmill.webhooks.deliver import deliver
from tests.integration.dialling import dialled
from tests.integration.origin import Script, endless, origin, raw, redirect, reply, silence

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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession, status: int) -> None:
    async with origin(redirect("/elsewhere", status)) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert delivered.status_code == status
    assert delivered.error is not None
    assert len(served.requests) == 1


async def test_an_answer_without_end_is_not_read(session: aiohttp.ClientSession) -> None:
    async with origin(endless()) as served:
        delivered = await deliver(session, served.url(), BODY)
    assert (delivered.status_code, delivered.error) == (200, None)


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
