"""What every attack uses: the two ways in, and a session whose names a DNS server of the test answers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest

from ffmill.config import Settings
from ffmill.net.session import open_session
from tests.attacks.ssrf.dns import DnsResolver, DnsServer, Zone, dns_server
from tests.attacks.ssrf.ways import WAYS, Outcome, Way
from tests.attacks.ssrf.wire import Wire, watched
from tests.integration.origin import Origin, Script, origin

Passing = tuple[str, int]

OURS = "127.77.7.7"  # in place of a public address: the one that the operator lists, and that no attack names
ALLOW = (f"{OURS}/32",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """One way in, with the wire in view."""

    session: aiohttp.ClientSession
    dns: DnsServer
    wire: Wire
    way: Way
    directory: Path

    async def on(self, url: str) -> Outcome:
        """Gives ffmill the URL."""
        return await self.way(self.session, url, self.directory)

    def forget_names(self) -> None:
        """Empties the client's own cache of addresses, as time would."""
        assert isinstance(self.session.connector, aiohttp.TCPConnector)
        self.session.connector.clear_dns_cache()

    @property
    def dialled(self) -> list[tuple[str, int]]:
        """All that was dialled, or would have been; the name server apart."""
        return [*(to for to in self.wire.went if to != self.dns.address), *self.wire.stopped]


Begin = Callable[..., AbstractAsyncContextManager[Attack]]
Serve = Callable[..., AbstractAsyncContextManager[tuple[Origin, Attack]]]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in, one after the other."""
    return WAYS[request.param]


@pytest.fixture
def begin(way: Way, tmp_path: Path) -> Begin:
    """Begins an attack: what passes the wire, which networks the operator lists, what the name server answers."""

    @asynccontextmanager
    async def beginning(
        *passes: Passing, allow: tuple[str, ...] = (), zone: Zone | None = None
    ) -> AsyncGenerator[Attack]:
        settings = Settings(allow_nets=tuple(map(ip_network, allow)))
        async with dns_server(zone or {}) as dns, open_session(settings, resolver=DnsResolver(dns.address)) as session:
            with watched(dns.address, *passes) as wire:
                yield Attack(session=session, dns=dns, wire=wire, way=way, directory=tmp_path)

    return beginning


@pytest.fixture
def serve(begin: Begin) -> Serve:
    """Begins an attack that has a public server at its command: that one may be dialled."""

    @asynccontextmanager
    async def serving(*scripts: Script, zone: Zone | None = None) -> AsyncGenerator[tuple[Origin, Attack]]:
        async with origin(*scripts, host=OURS) as served, begin((OURS, served.port), allow=ALLOW, zone=zone) as attack:
            yield served, attack

    return serving
