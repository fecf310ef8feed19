"""What `ffmill doctor` found, thing by thing."""

from dataclasses import dataclass
from typing import Literal

from rich.table import Column, Table
from rich.text import Text

Mark = Literal["ok", "not there", "wrong"]
STYLES: dict[Mark, str] = {"ok": "green", "not there": "yellow", "wrong": "bold red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One row of the table."""

    name: str  # of what was tried
    text: str  # what came of it, and how to mend what is wrong
    mark: Mark  # `not there`: a machine may do without


def table(findings: list[Finding]) -> Table:
    """For a person."""
    rows = Table("", "what", Column("finding", overflow="fold"))
    for finding in findings:
        rows.add_row(Text(finding.mark, style=STYLES[finding.mark]), finding.name, Text(finding.text))
    return rows
