"""What commands for users have in common: where `--help` shows them, and `--json`."""

from typing import Annotated

import typer

USERS = "Jobs, for those who run ffmpeg"
OPERATORS = "The service, for those who run it"

JSON = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, and nothing else there.")]
