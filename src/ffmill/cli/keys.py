"""`ffmill keys`: makes, lists and revokes API keys."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import typer
from rich.table import Column, Table
from rich.text import Text

from ffmill.accounts import api_keys, audit, managing
from ffmill.accounts.model import OWNER, ApiKey, Scope
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection


def create(
    settings: Settings, name: str, account: str, *, scopes: Sequence[Scope], expires_days: float | None = None
) -> None:
    """Makes a key of the account, and the account where there is none, and prints the key, alone on standard output.

    Raises BadRequest.
    """
    expires_at = None if expires_days is None else datetime.now(UTC) + timedelta(days=expires_days)

    async def make(connection: Connection) -> str:
        actor = audit.by_command_line()
        owner = await managing.ensure_account(connection, actor, account, paid=account == OWNER)
        made, _ = await managing.create_key(connection, actor, owner, name, scopes=scopes, expires_at=expires_at)
        return made

    typer.echo(in_database(settings, make))


def show(settings: Settings, account: str | None = None) -> None:
    """Prints a table of an account's keys, or of all; raises NotFound."""

    async def find(connection: Connection) -> list[ApiKey]:
        if account is None:
            return await api_keys.list_all(connection)
        return await api_keys.list_of(connection, (await managing.account_named(connection, account)).id)

    table = Table(
        *("account", "name", Column("prefix", no_wrap=True), "scopes", "created", "expires", "last used", "revoked")
    )
    for key in in_database(settings, find):
        times = map(_time, (key.created_at, key.expires_at, key.last_used_at, key.revoked_at))
        table.add_row(Text(key.account_name), Text(key.name), key.prefix, ", ".join(key.scopes), *times)
    show_table(table)


def revoke(settings: Settings, prefix_or_id: str) -> None:
    """Revokes a key; raises NotFound."""

    async def revoke(connection: Connection) -> ApiKey:
        return await managing.revoke_key(connection, audit.by_command_line(), prefix_or_id)

    key = in_database(settings, revoke)
    typer.echo(f"revoked {key.prefix}… ({key.name}, of {key.account_name})")


def _time(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M") if time else ""
