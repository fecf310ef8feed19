"""Options that many commands have."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option(help="Directory that holds everything ffmill writes (FFMILL_DATA_DIR; ./ffmill-data).")
]
