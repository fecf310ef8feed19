"""What `ffmill serve` does before it starts the others: the schema, the owner's account, its first key."""

import asyncio
import os
from pathlib import Path

from ffmill.accounts import api_keys, audit, managing
from ffmill.accounts.model import OWNER, Scope
from ffmill.config import Settings
from ffmill.db.embedded import database_url
from ffmill.db.migrate import migrate
from ffmill.db.pool import CONNECT, Connection
from ffmill.errors import CannotStart


def run(settings: Settings) -> None:
    """Brings the schema up to date and makes what the first start needs; raises CannotStart."""
    url = database_url(settings)
    migrate(url)
    try:
        asyncio.run(_first_start(url, settings.root / "api-key"))
    except OSError as error:
        raise CannotStart(f"{error.filename} cannot be written: {error.strerror}") from error


async def _first_start(url: str, path: Path) -> None:
    connection = await Connection.connect(url, **CONNECT)  # pyright: ignore[reportArgumentType]  # numbers are fine
    async with connection:  # one transaction
        actor = audit.by_command_line()
        owner = await managing.ensure_account(connection, actor, OWNER, paid=True)
        if not await api_keys.list_of(connection, owner.id):
            key, _ = await managing.create_key(connection, actor, owner, "first", scopes=[Scope.ADMIN])
            _keep(key, path)  # before the commit: a key that nobody knows is of no use


def _keep(key: str, path: Path) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123  # the mode
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
