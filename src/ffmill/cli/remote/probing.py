"""`ffmill probe`: what is in a file, here or on the web."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from ffmill.cli.remote import connection
from ffmill.cli.remote.bars import Bars
from ffmill.cli.remote.bodies import NoSuchJob
from ffmill.cli.remote.service import opened
from ffmill.cli.tables import show_table

_OF_STREAM = (
    "codec_type",
    "codec_name",
    "width",
    "height",
    "pix_fmt",
    "r_frame_rate",
    "sample_rate",
    "channels",
    "bit_rate",
)


def run(file: str, *, as_json: bool) -> None:
    """Prints what ffprobe tells of a file; raises NoSuchJob where it is not there."""
    told = asyncio.run(_probe(file))
    if as_json:
        print(json.dumps(told))  # noqa: T201
    else:
        show_table(_table(file, told))


async def _probe(file: str) -> Mapping[str, Any]:
    path = Path(file)
    if "://" not in file and not await asyncio.to_thread(path.is_file):
        raise NoSuchJob(f"{file}: there is no such file")
    async with opened(connection.find()) as client:
        if "://" in file:
            return await client.probe(file)
        bars = Bars("up", silent=False)
        with bars.shown():
            url = await client.upload(path, on_progress=bars.file(file))
        return await client.probe(url)


def _table(file: str, told: Mapping[str, Any]) -> Table:
    format_ = told["format"]
    table = Table("", "", title=Text(file), show_header=False)
    for name in ("format_name", "duration", "size", "bit_rate"):
        if name in format_:
            table.add_row(name, Text(str(format_[name])))
    for stream in told["streams"]:
        facts = (f"{name}={stream[name]}" for name in _OF_STREAM if name in stream)
        table.add_row(f"stream {stream['index']}", Text(" ".join(facts)))
    return table
