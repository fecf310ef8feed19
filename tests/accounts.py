"""Accounts for tests: as they are managed, without a word in the audit log."""

from ffmill.accounts import repository
from ffmill.accounts.model import Account
from ffmill.db.pool import Connection


async def ensure(connection: Connection, name: str, *, paid: bool = False) -> Account:
    """The account of that name, made if there is none; `paid` holds for a new one."""
    made = await repository.create(connection, name)
    if made is None:
        return await repository.find(connection, name)
    return await repository.change(connection, made.id, {"paid": paid})
