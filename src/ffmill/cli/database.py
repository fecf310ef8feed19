"""The database, for a command that needs it for a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres, database_url
from ffmill.db.migrate import migrate
from ffmill.db.pool import CONNECT, Connection
from ffmill.errors import CannotStart
from ffmill.locks import Held

Result = TypeVar("Result")


@contextmanager
def reachable(settings: Settings) -> Generator[str]:
    """The URL of the database: the operator's; the embedded one as `ffmill serve` runs it, or else started for now,
    with its schema.

    Raises CannotStart.
    """
    if settings.database_url:
        yield database_url(settings)
        return
    postgres = EmbeddedPostgres(settings.root)
    if not postgres.exists():
        raise CannotStart(f"there is no database in {settings.root}: run `ffmill serve` first, or name its --data-dir")
    try:
        postgres.start()
    except Held:  # `ffmill serve` runs it
        yield postgres.url
        return
    try:
        migrate(postgres.url)
        yield postgres.url
    finally:
        postgres.stop()


def in_database(settings: Settings, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Runs `work` in one transaction on a database with our schema; raises CannotStart."""

    async def run(url: str) -> Result:
        connection = await Connection.connect(url, **CONNECT)  # pyright: ignore[reportArgumentType]  # numbers are fine
        async with connection:
            return await work(connection)

    with reachable(settings) as url, explained():
        return asyncio.run(run(url))


@contextmanager
def explained() -> Generator[None]:
    """Raises CannotStart for a database without our schema, and for one that cannot be reached."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise CannotStart("the database does not have this version's schema yet: run `ffmill migrate`") from error
    except psycopg.OperationalError as error:
        raise CannotStart(f"the database cannot be reached: {str(error).strip()}") from error
