"""The HTTP client that inputs and webhooks share: it checks every address at the moment it is dialled."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from ffmill.config import Settings
from ffmill.net.addresses import AddressRefused, check
from ffmill.net.interim import BoundedHandler
from ffmill.net.lookup import SystemResolver

Guard = Callable[[str], None]  # raises AddressRefused for an address that may not be dialled
AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]  # as of socket.getaddrinfo

LOG = structlog.stdlib.get_logger()

SETTINGS = "FFMILL_ALLOW_NETS, FFMILL_DENY_NETS"
USER_AGENT = f"ffmill/{version('ffmill')}"
CONNECT_SECONDS = 10.0  # look-up, every address of the name and TLS together
IDLE_SECONDS = 60.0  # without a byte; some servers make a file only when it is asked for
KEEP_ALIVE_SECONDS = 15.0
DNS_CACHE_SECONDS = 10
MAX_HEADER_BYTES = 16_384  # a redirect to a presigned URL is long


@asynccontextmanager
async def open_session(
    settings: Settings,
    *,
    resolver: AbstractResolver | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client that reaches public addresses and `settings.allow_nets` only, `settings.deny_nets` never.

    It takes no proxy and no password from the environment, and keeps no cookie. How many connections are open at once
    is for its users to bound. `resolver` looks names up in place of the system's.
    """
    guard = partial(check, allow_nets=settings.allow_nets, deny_nets=settings.deny_nets)
    system = resolver or SystemResolver()
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(system, guard),
        socket_factory=_socket_factory(guard),
        ttl_dns_cache=DNS_CACHE_SECONDS,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        limit=0,
    )
    # there is no other way to it
    connector._factory = partial(BoundedHandler, loop=asyncio.get_running_loop())  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        timeout=aiohttp.ClientTimeout(connect=connect_seconds, sock_connect=connect_seconds, sock_read=idle_seconds),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
        trust_env=False,
    ) as session:
        try:
            yield session
        finally:
            await system.close()


class GuardedResolver(AbstractResolver):
    """Gives of a name's addresses those that may be dialled, and those are dialled: nobody looks the name up again.

    A public name that has a private address as well is reached by its public one.
    """

    def __init__(self, resolver: AbstractResolver, guard: Guard) -> None:
        self._resolver = resolver
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises AddressRefused when the name has addresses, and none of them may be dialled; gaierror without any."""
        found = await self._resolver.resolve(host, port, family)
        if not found:  # aiohttp takes for granted that there is one
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        allowed = [result for result in found if self._may_dial(host, result["host"])]
        if not allowed:
            raise AddressRefused
        return allowed

    async def close(self) -> None:
        """Leaves the resolver beneath to its owner."""

    def _may_dial(self, host: str, address: str) -> bool:
        try:
            self._guard(address)
        except AddressRefused:
            LOG.info("an address was refused", host=host, address=address, settings=SETTINGS)
            return False
        return True


def _socket_factory(guard: Guard) -> Callable[[AddrInfo], socket.socket]:
    """The guard that every connection passes: aiohttp asks no resolver for a literal address, but makes its sockets
    here, one for each address just before it is dialled."""

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        try:
            guard(str(sockaddr[0]))
        except AddressRefused:
            LOG.info("an address was refused", address=sockaddr[0], settings=SETTINGS)
            raise
        return socket.socket(family, kind, protocol)

    return make
