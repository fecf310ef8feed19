"""Makes the tries that a test gives it, in the network namespace that it is started in, on the worker's own loop.

`python -m tests.attacks.ssrf.probe DIRECTORY`: reads JSON tries from standard input, prints their outcomes as JSON.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from ipaddress import ip_network
from pathlib import Path

import uvloop

from ffmill.config import Settings
from ffmill.net.session import open_session
from tests.attacks.ssrf.dns import DnsResolver, Zone, dns_server
from tests.attacks.ssrf.ways import WAYS, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """A URL, by one way, under one setting."""

    way: str
    url: str
    allow: list[str]  # FFMILL_ALLOW_NETS
    zone: dict[str, list[list[str]]] | None  # what the name server answers; None: the system's resolver is asked


async def make(tried: Try, directory: Path) -> Outcome:
    """Gives ffmill the URL."""
    settings = Settings(allow_nets=tuple(map(ip_network, tried.allow)))
    zone: Zone | None = tried.zone
    async with dns_server(zone or {}) as dns:
        resolver = None if zone is None else DnsResolver(dns.address)
        async with open_session(settings, resolver=resolver) as session:
            return await WAYS[tried.way](session, tried.url, directory)


async def make_all(tries: list[Try], directory: Path) -> list[Outcome]:
    """One after the other."""
    return [await asyncio.wait_for(make(tried, directory), 60) for tried in tries]


if __name__ == "__main__":
    given = [Try(**one) for one in json.load(sys.stdin)]
    outcomes = uvloop.run(make_all(given, Path(sys.argv[1])))
    json.dump([asdict(outcome) for outcome in outcomes], sys.stdout)
