"""Every error that aiohttp's client has is put into words, none of which are its own."""

import errno
import socket
from collections.abc import Iterator

import aiohttp
import pytest

from ffmill.net.addresses import AddressRefused
from ffmill.net.failures import REFUSED, Failure, answered, judge

TIMES = aiohttp.ClientTimeout(connect=10, sock_read=60)


def _all(kind: type[aiohttp.ClientError]) -> Iterator[type[aiohttp.ClientError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


def _connecting(kind: type[aiohttp.ClientConnectorError], cause: OSError) -> Failure:
    error = kind.__new__(kind)
    error._os_error = cause  # pyright: ignore[reportPrivateUsage]  # what aiohttp's constructors set
    return judge(error, TIMES)


@pytest.mark.parametrize("kind", list(dict.fromkeys(_all(aiohttp.ClientError))))
def test_every_error_of_the_client_is_put_into_words(kind: type[aiohttp.ClientError]) -> None:
    error = kind.__new__(kind)
    if isinstance(error, aiohttp.ClientConnectorError):
        error._os_error = OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 80)")  # pyright: ignore[reportPrivateUsage]
    failure = judge(error, TIMES)
    assert failure.what
    assert "10.0.0.1" not in failure.what


def test_only_what_may_pass_is_tried_again() -> None:
    dns = aiohttp.ClientConnectorDNSError
    assert _connecting(aiohttp.ClientConnectorError, OSError(errno.ECONNREFUSED, "x")).passing
    assert _connecting(aiohttp.ClientConnectorError, OSError("mixed, without number")).passing
    assert _connecting(dns, socket.gaierror(socket.EAI_AGAIN, "x")).passing
    assert not _connecting(dns, socket.gaierror(socket.EAI_NONAME, "x")).passing
    assert not _connecting(aiohttp.ClientConnectorCertificateError, OSError()).passing
    assert not judge(aiohttp.InvalidURL("x"), TIMES).passing


@pytest.mark.parametrize("kind", [aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError])
def test_a_refused_address_names_the_setting(kind: type[aiohttp.ClientConnectorError]) -> None:
    assert _connecting(kind, AddressRefused()) == Failure(what=REFUSED, passing=False)
    assert "FFMILL_ALLOW_NETS" in REFUSED


def test_time_limits_are_named_with_their_value() -> None:
    assert judge(aiohttp.ConnectionTimeoutError(), TIMES).what == "could not be reached within 10 s"
    assert judge(aiohttp.SocketTimeoutError(), TIMES).what == "sent nothing for 60 s"


def test_an_answer_is_told_by_its_standard_name() -> None:
    assert answered(404) == "answered 404 Not Found"
    assert answered(599) == "answered 599"
