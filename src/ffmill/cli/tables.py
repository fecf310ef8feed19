"""Tables on standard output, for people and for programs that read them."""

import sys

from rich.console import Console
from rich.table import Table

PIPED_WIDTH = 200  # nothing is folded for a program


def show_table(table: Table) -> None:
    """Prints the table as wide as the terminal is."""
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)
