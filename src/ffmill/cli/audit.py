"""`ffmill audit`: who did what to accounts, keys, secrets and limits."""

import json
from functools import partial

from rich.table import Table
from rich.text import Text

from ffmill.accounts import audit
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings


def show(settings: Settings, limit: int) -> None:
    """Prints a table of the newest entries, at most so many."""
    table = Table("at", "who", "what", "to what", "details")
    for entry in in_database(settings, partial(audit.newest, limit=limit)):
        details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
        row = (entry.at.strftime("%Y-%m-%d %H:%M:%S"), entry.actor, entry.action, entry.subject, details)
        table.add_row(*map(Text, row))
    show_table(table)
