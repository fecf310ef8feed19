"""The way to a service, by the client; whatever goes wrong on it is an error of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ffmill.cli.remote.connection import Connection
from ffmill.client import AsyncFfmill, ClientError
from ffmill.errors import FfmillError


class CallFailed(FfmillError):
    """The service refused, or could not be reached."""


@asynccontextmanager
async def opened(where: Connection) -> AsyncGenerator[AsyncFfmill]:
    """Opens the way to a service; raises CallFailed for all that goes wrong within."""
    try:
        async with AsyncFfmill(where.url, where.api_key) as client:
            yield client
    except ClientError as error:
        raise CallFailed(error.message) from error
