"""`ffmill signing-keys …` and `ffmill webhook-secret …`: what each command takes."""

# ruff: noqa: PLC0415
from typing import Annotated

import typer

from ffmill.accounts.model import OWNER
from ffmill.cli.options import DataDir

signing_keys = typer.Typer(help="Keys that sign the URLs of files.", no_args_is_help=True)
webhook_secret = typer.Typer(help="Secrets that sign an account's webhooks.", no_args_is_help=True)

AccountName = Annotated[str, typer.Option(help="Whose secret.")]


@signing_keys.command("list")
def list_signing_keys(data_dir: DataDir = None) -> None:
    """List the keys, the newest first: it signs, all verify."""
    from ffmill.cli import secrets as command
    from ffmill.config import load_settings

    command.show_signing_keys(load_settings(data_dir=data_dir))


@signing_keys.command("rotate")
def rotate_signing_key(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="End the keys of before, and every URL that was handed out.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a new key, which signs in every process within seconds."""
    from ffmill.cli import secrets as command
    from ffmill.config import load_settings

    command.rotate_signing_key(load_settings(data_dir=data_dir), at_once=at_once)


@webhook_secret.command("show")
def show_webhook_secrets(account: AccountName = OWNER, data_dir: DataDir = None) -> None:
    """Show the secrets that sign at present, the one in force first."""
    from ffmill.cli import secrets as command
    from ffmill.config import load_settings

    command.show_webhook_secrets(load_settings(data_dir=data_dir), account)


@webhook_secret.command("rotate")
def rotate_webhook_secret(
    account: AccountName = OWNER,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, metavar="HOURS", help="For which the secrets of before sign too.")
    ] = 24,
    data_dir: DataDir = None,
) -> None:
    """Make a new secret, which signs from now on, and print it."""
    from ffmill.cli import secrets as command
    from ffmill.config import load_settings

    command.rotate_webhook_secret(load_settings(data_dir=data_dir), account, overlap_hours=overlap_hours)
