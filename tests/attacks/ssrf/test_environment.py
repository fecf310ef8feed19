"""What lies in the environment leads nothing astray: no proxy is asked, no password is taken from a file."""

from pathlib import Path

import aiohttp
import pytest

from ffmill.net.failures import REFUSED
from tests.attacks.ssrf.conftest import ALLOW, OURS, Begin, Serve
from tests.attacks.ssrf.wire import watched
from tests.integration.origin import origin, reply

PROXIES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "ws_proxy", "ftp_proxy"]
OTHERS = {"NO_PROXY": "", "no_proxy": "", "REQUEST_METHOD": "GET", "HTTP_HOST": OURS}


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of passwords for every host, by both of its names and places."""
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("variable", PROXIES)
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_proxy_in_the_environment_is_not_asked(
    variable: str, scheme: str, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it may be dialled; the server itself is, and a refused address is refused."""
    async with origin(reply(), host=OURS) as proxy, origin(reply(b"here"), host=OURS) as served:
        monkeypatch.setenv(variable, f"{scheme}://user:pass@{OURS}:{proxy.port}")
        for name, value in OTHERS.items():
            monkeypatch.setenv(name, value)
        async with begin((OURS, served.port), (OURS, proxy.port), allow=ALLOW) as attack:
            assert (await attack.on(served.url())).status == 200
            for url in ("http://169.254.169.254/", "https://10.0.0.1/", "http://[::ffff:a00:1]/"):
                assert REFUSED in (await attack.on(url)).said
    assert proxy.connections == 0
    assert attack.dialled == [(OURS, served.port)]


async def test_a_client_that_trusts_the_environment_would_ask_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above can fail: this is what the proxy makes of an address that may not be dialled."""
    async with origin(reply(b"leaked"), host=OURS) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        with watched((OURS, proxy.port)) as wire:
            async with aiohttp.ClientSession(trust_env=True) as session, session.get("http://169.254.169.254/") as got:
                assert await got.read() == b"leaked"
    assert wire.went == [(OURS, proxy.port)]


@pytest.mark.usefixtures("netrc")
async def test_no_password_of_a_file_is_sent(serve: Serve) -> None:
    async with serve(reply(b"here")) as (served, attack):
        await attack.on(served.url())
        await attack.on(served.url(user="me:mine@"))
    assert [request.headers.get("authorization") for request in served.requests] == [None, "Basic bWU6bWluZQ=="]


@pytest.mark.usefixtures("netrc")
async def test_a_client_that_trusts_the_environment_would_send_it() -> None:
    async with origin(reply(b"here"), host=OURS) as served, aiohttp.ClientSession(trust_env=True) as session:
        await session.get(served.url())
    assert "authorization" in served.requests[0].headers


async def test_the_host_that_is_named_is_the_host_that_is_dialled(serve: Serve) -> None:
    """No virtual host is reached under another's name: `Host` is what the URL says, and a user is no part of it."""
    zone = {"files.example": [[OURS]]}
    async with serve(reply(b"here"), zone=zone) as (served, attack):
        for host in ("files.example", "internal.example@files.example", "FILES.example", "files.example\t"):
            assert (await attack.on(f"http://{host}:{served.port}/x\r\nHost: internal.example")).status == 200
    assert {request.headers["host"] for request in served.requests} == {f"files.example:{served.port}"}
