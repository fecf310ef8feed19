"""`ffmill probe`: what it takes."""

# ruff: noqa: PLC0415
from typing import Annotated

import typer

from ffmill.cli.commands.panels import JSON


def probe(
    file: Annotated[str, typer.Argument(metavar="FILE-OR-URL", help="A local file, which is uploaded, or a URL.")],
    as_json: JSON = False,
) -> None:
    """Say what is in a media file, as ffprobe does."""
    from ffmill.cli.remote import probing as command

    command.run(file, as_json=as_json)
