"""The client session: nothing is dialled that may not be, and nothing is taken from the environment."""

import socket
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from structlog.testing import capture_logs

from ffmill import __name__ as package
from ffmill.config import Settings
from ffmill.net.addresses import AddressRefused
from ffmill.net.session import open_session
from tests.integration.dialling import dialled
from tests.integration.origin import origin, redirect, reply

LOOPBACK = Settings(allow_nets=(ip_network("127.0.0.1/32"),))
CLOSED = Settings()


class Names(AbstractResolver):
    """Looks names up in a table, and spelled addresses as the system does, without asking any server."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [self._result(host, address, port) for address in self.table.get(host) or _spelled(host)]

    async def close(self) -> None:
        self.asked.append("closed")

    @staticmethod
    def _result(host: str, address: str, port: int) -> ResolveResult:
        return ResolveResult(hostname=host, host=address, port=port, family=0, proto=0, flags=0)


def _spelled(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(info[4][0]) for info in found]


class NoAddress(Names):
    """Knows every name, and no address."""

    def __init__(self) -> None:
        super().__init__({})

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return []


SPELLINGS = [
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0X7F.0.0.1/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://017700000001/",
    "http://00000177.1/",
    "http://127.0.0.0x1/",
    "http://127.0x0.1/",
    "http://127。0。0。1/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0x0/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://local\thost/",
    "http://10.0.0.1/",
    "http://167772161/",
    "http://012.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://3232235521/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://metadata.google.internal/",
    "http://255.255.255.255/",
    "http://224.0.0.1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://[::FFFF:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[::7f00:1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2600::5efe:127.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fe80::1%lo]/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://[fec0::1]/",
    "http://user:pass@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1:80/",
    "https://127.0.0.1/",
    "https://[::1]:8443/",
    "http://private.example/",
    "http://mixed-private.example/",
    "http://mapped.example/",
    "http://zoned.example/",
    "http://odd.example/",
]
TABLE = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "private.example": ["10.0.0.1"],
    "mixed-private.example": ["10.0.0.1", "fd00::1", "::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "zoned.example": ["fe80::1%lo"],
    "odd.example": ["0x7f.1"],
}


@pytest.mark.parametrize("url", SPELLINGS)
async def test_however_a_private_address_is_spelled_nothing_is_dialled(url: str) -> None:
    with dialled() as addresses:
        async with open_session(CLOSED, resolver=Names(TABLE)) as session:
            with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)) as refused:
                await session.get(url)
    assert addresses == []
    if isinstance(refused.value, aiohttp.ClientConnectorError):
        assert isinstance(refused.value.os_error, AddressRefused)


async def test_a_listed_network_is_reached_by_address_and_by_name() -> None:
    async with origin(reply(b"here")) as served:
        names = Names({"files.example": ["127.0.0.1"]})
        with dialled() as addresses:
            async with open_session(LOOPBACK, resolver=names) as session:
                for host in ("127.0.0.1", "files.example"):
                    async with session.get(f"http://{host}:{served.port}/") as answer:
                        assert await answer.read() == b"here"
    assert addresses == ["127.0.0.1", "127.0.0.1"]
    assert names.asked == ["files.example", "closed"]


async def test_of_a_names_addresses_only_the_allowed_ones_are_dialled() -> None:
    async with origin(reply(b"here")) as served:
        names = Names({"files.example": ["10.0.0.1", "127.0.0.2", "127.0.0.1", "::1"]})
        with dialled() as addresses:
            async with open_session(LOOPBACK, resolver=names) as session:
                answer = await session.get(f"http://files.example:{served.port}/")
                assert await answer.read() == b"here"
    assert addresses == ["127.0.0.1"]


async def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """DNS rebinding: what was looked up and checked is what is dialled, on every connection."""
    async with origin(reply(b"here", headers={"Connection": "close"}, hang_up=True)) as served:
        names = Names({"files.example": ["127.0.0.1"]})
        with dialled() as addresses:
            async with open_session(LOOPBACK, resolver=names) as session:
                await (await session.get(f"http://files.example:{served.port}/")).read()
                names.table = {"files.example": ["127.0.0.2"]}
                assert isinstance(session.connector, aiohttp.TCPConnector)
                session.connector.clear_dns_cache()
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get(f"http://files.example:{served.port}/")
    assert addresses == ["127.0.0.1"]


async def test_a_name_without_any_address_is_not_known() -> None:
    async with open_session(LOOPBACK, resolver=NoAddress()) as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError) as unknown:
            await session.get("http://empty.example/")
    assert unknown.value.errno == socket.EAI_NONAME


async def test_redirects_that_aiohttp_itself_follows_are_checked_too() -> None:
    async with origin(redirect("http://127.0.0.2:9/")) as served:
        with dialled() as addresses:
            async with open_session(LOOPBACK) as session:
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get(served.url())
    assert addresses == ["127.0.0.1"]


async def test_the_log_has_the_refused_address_that_the_client_is_not_told() -> None:
    with capture_logs() as lines:
        async with open_session(CLOSED, resolver=Names(TABLE)) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get("http://private.example/x?secret")
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get("http://10.9.8.7/")
    assert [(line["log_level"], line["address"], line.get("host")) for line in lines] == [
        ("info", "10.0.0.1", "private.example"),
        ("info", "10.9.8.7", None),
    ]
    assert "secret" not in str(lines)


async def test_no_proxy_no_netrc_and_no_cookie_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")
    async with origin(reply(headers={"Set-Cookie": "a=b; Path=/"})) as served, open_session(LOOPBACK) as session:
        for _ in range(2):
            await (await session.get(served.url())).read()
    for request in served.requests:
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers
        assert request.headers["user-agent"].startswith(f"{package}/")
    assert served.connections == 1


async def test_what_is_denied_is_not_dialled_though_it_is_allowed() -> None:
    settings = Settings(allow_nets=(ip_network("127.0.0.0/8"),), deny_nets=(ip_network("127.0.0.2/32"),))
    names = Names({"one.test": ["127.0.0.2"]})
    async with open_session(settings, resolver=names) as session:
        for url in ("http://127.0.0.2:9/", "http://one.test:9/"):
            with pytest.raises(aiohttp.ClientConnectorError) as refused:
                await session.get(url)
            assert isinstance(refused.value.os_error, AddressRefused)
