"""`ffmill login`: what it takes."""

# ruff: noqa: PLC0415
from typing import Annotated

import typer

from ffmill.cli.commands.panels import JSON


def login(
    url: Annotated[str | None, typer.Option(envvar="FFMILL_URL", help="Of the service; asked for unless set.")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="FFMILL_API_KEY", help="A key of yours; asked for, unseen, unless set.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Keep a service's URL and your key for it, once they have proved good."""
    from ffmill.cli.remote import login as command

    command.run(url, api_key, as_json=as_json)
