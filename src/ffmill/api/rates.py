"""Rate limits at the edge: whose address a request comes from, and what its answer says of the limit."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ffmill.accounts import callers
from ffmill.accounts.callers import Allowance
from ffmill.api.parts import parts_of
from ffmill.db.pool import UNREACHABLE
from ffmill.errors import TooManyRequests

LOG = structlog.stdlib.get_logger()

STATE = "allowance"
SITE_BITS = 64  # of an IPv6 address: what one subscriber has (RFC 6177)


class RateHeaders:
    """Says with every answer to a request that was counted how many more there may be.

    By the names of draft-ietf-httpapi-ratelimit-headers-06, which clients know; seconds are whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        state = scope.setdefault("state", {})  # here, so that all below share it

        async def saying(message: Message) -> None:
            allowance = state.get(STATE)
            if allowance is not None and message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_headers(allowance)]}
            await send(message)

        await self.app(scope, receive, saying)


def note(request: Request, allowance: Allowance | None) -> None:
    """Has the answer say what is left; raises TooManyRequests when the request is not within its rate."""
    if allowance is None:
        return
    request.scope["state"][STATE] = allowance
    if not allowance.taken:
        raise TooManyRequests(
            f"more than {allowance.rate} requests a second came; try again in {allowance.retry_seconds} s"
        )


async def count_stranger(request: Request) -> None:
    """Counts a request that needs no key against its address; raises TooManyRequests."""
    parts = parts_of(request)
    try:
        async with parts.pool.connection() as connection:
            _, allowance = await callers.call(connection, None, address_of(request), parts.rates)
    except UNREACHABLE as error:
        LOG.warning("requests are not limited: the database cannot be reached", error=str(error).strip())
    else:
        note(request, allowance)


def address_of(request: Request) -> str:
    """Where a request comes from: the connection's other end, or whom our own proxies name; of IPv6 the network."""
    proxies = parts_of(request).settings.trusted_proxies
    named = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    address = request.client.host if request.client else "unknown"
    parsed = _parsed(address)
    while named and parsed and any(parsed in network for network in proxies):
        parsed = _parsed(_without_port(named.pop()))
    return _site(parsed) if parsed else "unknown"


def _without_port(part: str) -> str:
    """An address as proxies write it, some with a port: `192.0.2.1:443`, `[2001:db8::1]:443`."""
    if part.startswith("["):
        return part[1:].partition("]")[0]
    return part.partition(":")[0] if part.count(":") == 1 else part


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address; an IPv4 one that came in by a socket for both as what it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _site(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SITE_BITS), strict=False))
    return str(address)


def _headers(allowance: Allowance) -> list[tuple[bytes, bytes]]:
    values = {
        "ratelimit-limit": allowance.rate,
        "ratelimit-remaining": allowance.remaining,
        "ratelimit-reset": ceil(max(0.0, allowance.full_in)),
    }
    if not allowance.taken:
        values["retry-after"] = allowance.retry_seconds
    return [(name.encode(), str(value).encode()) for name, value in values.items()]
