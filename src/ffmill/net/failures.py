"""What aiohttp raises, put into words for the client: no resolved address, no query, no text of the other side."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from ffmill.net.addresses import AddressRefused

REFUSED = (
    "is on a network that may not be reached from here (whoever runs this service can list it in FFMILL_ALLOW_NETS)"
)
UNREADABLE = "is sent with a Content-Encoding that was not asked for and cannot be read"
_UNKNOWN_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why there is no whole answer."""

    what: str  # the rest of a sentence that begins with the URL
    passing: bool  # whether another try may succeed


_AFTER_CONNECTING: tuple[tuple[type[aiohttp.ClientError], Failure], ...] = (
    (aiohttp.ClientPayloadError, Failure(what="broke off before its end", passing=True)),
    (aiohttp.ClientConnectionError, Failure(what="closed the connection", passing=True)),
    (aiohttp.ClientResponseError, Failure(what="did not answer as HTTP wants it", passing=False)),
    (aiohttp.InvalidURL, Failure(what="names its host neither by a name nor by a plain address", passing=False)),
)
_UNKNOWN = Failure(what="could not be reached", passing=False)


def judge(error: aiohttp.ClientError | TimeoutError, timeout: aiohttp.ClientTimeout) -> Failure:
    """What became of a request, from what aiohttp raised, under its time limits."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return _judge_connecting(error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Failure(what=f"could not be reached within {timeout.connect:g} s", passing=True)
    if isinstance(error, TimeoutError):
        return Failure(what=f"sent nothing for {timeout.sock_read:g} s", passing=True)
    if any(isinstance(cause, ContentEncodingError) for cause in _causes(error)):
        return Failure(what=UNREADABLE, passing=False)
    return next((failure for kind, failure in _AFTER_CONNECTING if isinstance(error, kind)), _UNKNOWN)


def _causes(error: BaseException) -> Iterator[BaseException]:
    while cause := error.__cause__:
        yield cause
        error = cause


def _judge_connecting(error: aiohttp.ClientConnectorError) -> Failure:
    # os_error's own text names addresses, so only its number is used
    cause = error.os_error
    match error:
        case _ if isinstance(cause, AddressRefused):
            return Failure(what=REFUSED, passing=False)
        case aiohttp.ClientConnectorCertificateError():
            return Failure(what="shows a TLS certificate that cannot be trusted", passing=False)
        case aiohttp.ClientConnectorSSLError():
            return Failure(what="could not be reached: TLS failed", passing=True)
        case aiohttp.ClientConnectorDNSError():
            if cause.errno in _UNKNOWN_NAME:
                return Failure(what="could not be reached: its host name is not known", passing=False)
            return Failure(what="could not be reached: its host name could not be looked up", passing=True)
        case _:
            why = os.strerror(cause.errno).lower() if cause.errno else "the connection failed"
            return Failure(what=f"could not be reached: {why}", passing=True)


def answered(status: int) -> str:
    """The rest of a sentence about an answer that was not a good one; the server's own reason is not repeated."""
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"
