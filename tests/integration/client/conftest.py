"""A live service for the client, and connections that break when they are told to."""

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from ffmill.client import Ffmill
from tests.acceptance.conftest import Service, of_serve


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """`ffmill serve`, as a stranger would start it."""
    with of_serve(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def ffmill(service: Service) -> Generator[Ffmill]:
    """A client of it, without an event loop."""
    with Ffmill(service.url, service.api_key, transport=httpx.HTTPTransport()) as client:
        yield client


@dataclass
class Breaking(httpx.BaseTransport):
    """Cuts off the answers to GETs of a path after so many bytes, one number for each; then it cuts no more."""

    path: str
    after: list[int]
    asked: list[httpx.Headers] = field(default_factory=list[httpx.Headers])
    inner: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the service, or its beginning."""
        answer = self.inner.handle_request(request)
        if request.method != "GET" or self.path not in request.url.path:
            return answer
        self.asked.append(request.headers)
        if self.after:
            answer.stream = Cut(answer.stream, self.after.pop(0))
        return answer

    def close(self) -> None:
        """Closes all connections."""
        self.inner.close()


@dataclass
class Cut(httpx.SyncByteStream):
    """The first bytes of a body, then a broken connection."""

    inner: httpx.SyncByteStream | httpx.AsyncByteStream
    left: int

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self.inner, httpx.SyncByteStream)
        for chunk in self.inner:
            yield chunk[: self.left]
            self.left -= len(chunk)
            if self.left <= 0:
                raise httpx.ReadError(os.strerror(104))

    def close(self) -> None:
        """Lets go of the connection."""
        assert isinstance(self.inner, httpx.SyncByteStream)
        self.inner.close()
