"""`ffmill accounts`: shows and sets what each account gets of the workers."""

import typer
from rich.table import Table
from rich.text import Text

from ffmill.accounts import repository
from ffmill.accounts.model import Account
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection


def show(settings: Settings) -> None:
    """Prints a table of all accounts."""
    table = Table("account", "weight", "most jobs at work")
    for account in in_database(settings, repository.list_all):
        table.add_row(Text(account.name), f"{account.terms.weight:g}", _ceiling(account))
    show_table(table)


def change(settings: Settings, name: str, *, weight: float | None, max_running: int | None) -> None:
    """Sets what is given, a ceiling of 0 meaning none; raises NotFound."""
    given = {"weight": weight, "max_running": max_running}
    changes = {term: value or None for term, value in given.items() if value is not None}

    async def change(connection: Connection) -> Account:
        account = await repository.find(connection, name)
        return await repository.change(connection, account.id, changes)

    account = in_database(settings, change)
    typer.echo(f"{account.name}: weight {account.terms.weight:g}, most jobs at work: {_ceiling(account)}")


def _ceiling(account: Account) -> str:
    most = account.terms.max_running
    return "no ceiling" if most is None else str(most)
