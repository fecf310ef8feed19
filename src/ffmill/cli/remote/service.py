"""The way to a service, by the client; whatever goes wrong on it is an error of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ffmill.cli.remote.connection import LOCAL, Connection
from ffmill.client import AsyncFfmill, ClientError, ConnectionFailed
from ffmill.errors import FfmillError


class CallFailed(FfmillError):
    """The service refused, or could not be reached."""


@asynccontextmanager
async def opened(where: Connection) -> AsyncGenerator[AsyncFfmill]:
    """Opens the way to a service; raises CallFailed for all that goes wrong within, in words for its user."""
    try:
        async with AsyncFfmill(where.url, where.api_key) as client:
            yield client
    except ConnectionFailed as error:
        raise CallFailed(_unreachable(where.url, error.message)) from error
    except ClientError as error:
        raise CallFailed(error.message) from error


def _unreachable(url: str, said: str) -> str:
    """Which service does not answer, and what to do then; which route of it was called is of no use here."""
    why = said.partition(" cannot be reached: ")[2] or said
    mend = "start it by `ffmill serve`" if url == LOCAL else "is that its URL? `ffmill login` sets another"
    return f"the service at {url} cannot be reached ({why}): {mend}"
