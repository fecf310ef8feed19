"""`ffmill keys …`: what each command takes."""

# ruff: noqa: PLC0415
from typing import Annotated

import typer

from ffmill.accounts.model import OWNER, USUAL, Scope
from ffmill.cli.options import DataDir

app = typer.Typer(help="API keys of the accounts.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    account: Annotated[str, typer.Option(help="Whose key; an account that is not there is made.")] = OWNER,
    scope: Annotated[
        list[Scope] | None, typer.Option(help=f"What it may do; may be given again. Unless set: {', '.join(USUAL)}.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may do all, in the whole installation.")] = False,
    expires_days: Annotated[
        float | None, typer.Option(min=0.0001, max=36_500, metavar="DAYS", help="After which it ends by itself.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it; it is never to be seen again."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    scopes = [*([Scope.ADMIN] if admin else []), *(scope or [])] or USUAL
    command.create(load_settings(data_dir=data_dir), name, account, scopes=scopes, expires_days=expires_days)


@app.command("list")
def list_keys(
    account: Annotated[str | None, typer.Option(help="Whose keys; all unless set.")] = None, data_dir: DataDir = None
) -> None:
    """List keys, the revoked ones too."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir), account)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="PREFIX-OR-ID", help="As `ffmill keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke a key, from the next request on."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    command.revoke(load_settings(data_dir=data_dir), key)
