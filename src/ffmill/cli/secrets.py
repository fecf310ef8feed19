"""`ffmill signing-keys` and `ffmill webhook-secret`: shows and rotates what signs."""

from datetime import datetime

import typer
from rich.table import Column, Table

from ffmill.accounts import audit, managing, repository
from ffmill.cli.database import in_database
from ffmill.cli.tables import show_table
from ffmill.config import Settings
from ffmill.db.pool import Connection
from ffmill.store import signing_keys
from ffmill.store.signing_keys import KnownKey
from ffmill.webhooks import secrets as webhook_secrets
from ffmill.webhooks.secrets import WebhookSecret


def show_signing_keys(settings: Settings) -> None:
    """Prints a table of the keys that sign URLs, never their secrets."""
    table = Table("id", "created")
    for key in in_database(settings, signing_keys.list_all):
        table.add_row(key.id, _time(key.created_at))
    show_table(table)


def rotate_signing_key(settings: Settings, *, at_once: bool) -> None:
    """Makes a new key that signs URLs, and prints its id; `at_once` ends those before it."""

    async def rotate(connection: Connection) -> KnownKey:
        return await managing.rotate_signing_key(connection, audit.by_command_line(), at_once=at_once)

    typer.echo(f"{in_database(settings, rotate).id} signs from now on")


def show_webhook_secrets(settings: Settings, account: str) -> None:
    """Prints a table of the secrets that sign the account's webhooks at present; raises NotFound."""

    async def find(connection: Connection) -> list[WebhookSecret]:
        return await webhook_secrets.list_of(connection, (await repository.find(connection, account)).id)

    table = Table(Column("secret", no_wrap=True), "created", "expires")
    for secret in in_database(settings, find):
        table.add_row(secret.text, _time(secret.created_at), _time(secret.expires_at))
    show_table(table)


def rotate_webhook_secret(settings: Settings, account: str, *, overlap_hours: float) -> None:
    """Puts a new secret in force and prints it, alone on standard output; raises NotFound."""

    async def rotate(connection: Connection) -> WebhookSecret:
        found = await repository.find(connection, account)
        actor = audit.by_command_line()
        return await managing.rotate_webhook_secret(connection, actor, found, round(overlap_hours * 3600))

    typer.echo(in_database(settings, rotate).text)


def _time(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M") if time else ""
