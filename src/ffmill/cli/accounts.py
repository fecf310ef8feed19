"""`ffmill accounts`: makes accounts, shows and sets what each may and gets."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ffmill.accounts import audit, managing, repository
from ffmill.accounts.model import TERMS, Account
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection
from ffmill.errors import ValidationError

GB = 10**9  # bytes
NONE = "none"  # takes a limit away


def show_all(settings: Settings) -> None:
    """Prints a table of all accounts."""
    table = Table("account", "paid", "weight", "most jobs at work", "requests a second")
    for account in in_database(settings, repository.list_all):
        terms = account.terms
        limits = (_shown(limit) for limit in (terms.max_running, terms.rate_limit))
        table.add_row(Text(account.name), _shown(terms.paid), _shown(terms.weight), *limits)
    show_table(table)


def show(settings: Settings, name: str) -> None:
    """Prints a table of an account's terms; raises NotFound."""

    async def find(connection: Connection) -> Account:
        return await managing.account_named(connection, name)

    _show_terms(in_database(settings, find))


def create(settings: Settings, name: str, terms: Mapping[str, Any]) -> None:
    """Makes an account with the terms that are named; raises Conflict, BadRequest, ValidationError."""

    async def create(connection: Connection) -> Account:
        return await managing.create_account(connection, audit.by_command_line(), name, terms)

    _show_terms(in_database(settings, create))


def change(settings: Settings, name: str, changes: Mapping[str, Any]) -> None:
    """Sets the terms that are named; raises NotFound, ValidationError."""

    async def change(connection: Connection) -> Account:
        account = await managing.account_named(connection, name)
        return await managing.change_account(connection, audit.by_command_line(), account.id, changes)

    _show_terms(in_database(settings, change))


def terms_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """The terms among a command's options, by term; a ceiling of 0, and `none` where it may be said, take a limit away.

    Raises ValidationError.
    """
    given = {option: value for option, value in options.items() if value is not None}
    plain: dict[str, Any] = {term: given[term] for term in ("paid", "weight", "max_running") if term in given}
    if plain.get("max_running") == 0:
        plain["max_running"] = None
    return {**plain, **{WRITTEN[option][0]: _read(option, given[option]) for option in WRITTEN if option in given}}


def _read(option: str, text: str) -> Any:
    """The value of a term, as it is written."""
    _, kind = WRITTEN[option]
    if text == NONE:
        return None
    try:
        return kind(text)
    except (ValueError, OverflowError) as error:
        number = "a whole number" if kind is int else "a number"
        raise ValidationError(f"--{option.replace('_', '-')}: must be {number} or none, not {text!r}") from error


def _machines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def _gigabytes(text: str) -> int:
    return round(float(text) * GB)


WRITTEN: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "rate_limit": ("rate_limit", int),
    "machines": ("machines", _machines),
    "max_timeout_seconds": ("max_timeout_seconds", int),
    **{f"max_{what}_gb": (f"max_{what}_bytes", _gigabytes) for what in ("input", "month", "stored")},
    **{f"keep_{what}_days": (f"keep_{what}_days", float) for what in ("outputs", "uploads", "logs", "jobs")},
}
"""Options that are a text, as they may be `none`: the term of each, and how it is read."""


def _show_terms(account: Account) -> None:
    table = Table("term", escape(account.name))
    for term in TERMS:
        table.add_row(term, _shown(getattr(account.terms, term)))
    show_table(table)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "as for any"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
        case _:
            return str(value)
