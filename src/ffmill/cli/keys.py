"""`ffmill keys`: makes, lists and revokes API keys."""

import typer
from rich.table import Column, Table
from rich.text import Text

from ffmill.accounts import api_keys, repository
from ffmill.accounts.model import OWNER, USUAL, ApiKey, Scope
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection


def create(settings: Settings, name: str, account: str, *, admin: bool) -> None:
    """Makes a key of the account and prints it, alone on standard output."""

    async def make(connection: Connection) -> str:
        owner = await repository.ensure(connection, account, paid=account == OWNER)
        key, _ = await api_keys.create(connection, owner.id, name, scopes=[Scope.ADMIN] if admin else USUAL)
        return key

    typer.echo(in_database(settings, make))


def show(settings: Settings) -> None:
    """Prints a table of all keys."""
    table = Table("account", "name", Column("prefix", no_wrap=True), "scopes", "created", "revoked")
    for key in in_database(settings, api_keys.list_all):
        table.add_row(Text(key.account_name), Text(key.name), key.prefix, ", ".join(key.scopes), *_times(key))
    show_table(table)


def revoke(settings: Settings, prefix_or_id: str) -> None:
    """Revokes a key; raises NotFound."""

    async def revoke(connection: Connection) -> ApiKey:
        return await api_keys.revoke(connection, prefix_or_id)

    key = in_database(settings, revoke)
    typer.echo(f"revoked {key.prefix}… ({key.name}, of {key.account_name})")


def _times(key: ApiKey) -> tuple[str, str]:
    created, revoked = (time.strftime("%Y-%m-%d %H:%M") if time else "" for time in (key.created_at, key.revoked_at))
    return created, revoked
