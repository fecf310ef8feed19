"""`ffmill keys`: makes, lists and revokes API keys."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ffmill.accounts import repository
from ffmill.accounts.model import OWNER, ApiKey
from ffmill.cli.database import reachable
from ffmill.config import Settings
from ffmill.db.pool import CONNECT, Connection
from ffmill.errors import CannotStart

Result = TypeVar("Result")
PIPED_WIDTH = 160  # nothing is folded for a program that reads it


def create(settings: Settings, name: str, account: str) -> None:
    """Makes a key of the account and prints it, alone on standard output."""

    async def make(connection: Connection) -> str:
        owner = await repository.create_account(connection, account, paid=account == OWNER)
        key, _ = await repository.create_key(connection, owner.id, name)
        return key

    typer.echo(_in_database(settings, make))


def show(settings: Settings) -> None:
    """Prints a table of all keys."""
    table = Table("account", "name", Column("prefix", no_wrap=True), "created", "revoked")
    for key in _in_database(settings, repository.list_keys):
        table.add_row(Text(key.account_name), Text(key.name), key.prefix, *_times(key))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def revoke(settings: Settings, prefix_or_id: str) -> None:
    """Revokes a key; raises NotFound."""

    async def revoke(connection: Connection) -> ApiKey:
        return await repository.revoke_key(connection, prefix_or_id)

    key = _in_database(settings, revoke)
    typer.echo(f"revoked {key.prefix}… ({key.name}, of {key.account_name})")


def _times(key: ApiKey) -> tuple[str, str]:
    created, revoked = (time.strftime("%Y-%m-%d %H:%M") if time else "" for time in (key.created_at, key.revoked_at))
    return created, revoked


def _in_database(settings: Settings, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Runs `work` in one transaction on a database with our schema."""

    async def run(url: str) -> Result:
        connection = await Connection.connect(url, **CONNECT)  # pyright: ignore[reportArgumentType]  # numbers are fine
        async with connection:
            return await work(connection)

    with reachable(settings) as url:
        try:
            return asyncio.run(run(url))
        except psycopg.errors.UndefinedTable as error:
            raise CannotStart("the database has no schema yet: run `ffmill migrate`") from error
        except psycopg.OperationalError as error:
            raise CannotStart(f"the database cannot be reached: {str(error).strip()}") from error
