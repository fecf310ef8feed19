"""`ffmill login`: asks for a service and a key, tries them, and keeps them."""

import asyncio
import json

import typer

from ffmill.cli.remote import connection
from ffmill.cli.remote.connection import LOCAL, Connection
from ffmill.cli.remote.jobs import newest
from ffmill.cli.remote.service import opened


def run(url: str | None, api_key: str | None, *, as_json: bool) -> None:
    """Keeps what proved good; raises the errors of the client."""
    asked_url = url or str(typer.prompt("URL of the service", default=LOCAL, err=True))
    key = api_key or str(typer.prompt("API key", hide_input=True, err=True))
    where = Connection(url=connection.base_of(asked_url), api_key=key.strip())
    asyncio.run(_try(where))
    path = connection.keep(where)
    typer.echo(json.dumps({"url": where.url, "kept_in": str(path)}) if as_json else f"kept in {path}")


async def _try(where: Connection) -> None:
    async with opened(where) as client:
        await newest(client, 1)
