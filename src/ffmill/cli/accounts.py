"""`ffmill accounts`: shows and sets what each account gets of the workers."""

import typer
from rich.table import Table
from rich.text import Text

from ffmill.accounts import repository
from ffmill.accounts.model import Share
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection


def show(settings: Settings) -> None:
    """Prints a table of all accounts."""
    table = Table("account", "weight", "most jobs at work")
    for share in in_database(settings, repository.list_shares):
        table.add_row(Text(share.account_name), f"{share.weight:g}", _ceiling(share))
    show_table(table)


def change(settings: Settings, name: str, *, weight: float | None, max_running: int | None) -> None:
    """Sets what is given; raises NotFound."""

    async def set_share(connection: Connection) -> Share:
        return await repository.set_share(connection, name, weight=weight, max_running=max_running)

    share = in_database(settings, set_share)
    typer.echo(f"{share.account_name}: weight {share.weight:g}, most jobs at work: {_ceiling(share)}")


def _ceiling(share: Share) -> str:
    return "no ceiling" if share.max_running is None else str(share.max_running)
