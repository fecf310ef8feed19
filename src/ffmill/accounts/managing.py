"""Accounts, keys and secrets as people manage them: each change with its entry in the audit log, or neither.

`actor` is whoever does it, as `audit.by_key` and `audit.by_command_line` name them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ffmill.accounts import api_keys, audit, repository, terms
from ffmill.accounts.audit import Action
from ffmill.accounts.model import USUAL, Account, ApiKey, Scope
from ffmill.db.pool import Connection
from ffmill.errors import Conflict, NotFound
from ffmill.store import signing_keys
from ffmill.store.signing_keys import KnownKey
from ffmill.webhooks import secrets as webhook_secrets
from ffmill.webhooks.secrets import WebhookSecret


async def create_account(connection: Connection, actor: str, name: str, given: Mapping[str, Any]) -> Account:
    """A new account with those terms; the others are as for any. Raises Conflict, BadRequest, ValidationError."""
    terms.check(given)
    async with connection.transaction():
        made = await _created(connection, actor, name, given)
    if made is None:
        raise Conflict(f"there is an account {name!r} already")
    return made


async def ensure_account(connection: Connection, actor: str, name: str, *, paid: bool = False) -> Account:
    """The account of that name, made if there is none; `paid` holds for a new one. Raises BadRequest."""
    async with connection.transaction():
        made = await _created(connection, actor, name, {"paid": paid})
    return made or await repository.find(connection, name)


async def _created(connection: Connection, actor: str, name: str, given: Mapping[str, Any]) -> Account | None:
    """None where there is an account of that name."""
    if (made := await repository.create(connection, name)) is None:
        return None
    made = await repository.change(connection, made.id, given)
    await audit.record(connection, actor, Action.ACCOUNT_CREATED, _account(made), given)
    return made


async def change_account(connection: Connection, actor: str, account_id: UUID, changes: Mapping[str, Any]) -> Account:
    """Sets those of an account's terms that are named, from now on; raises NotFound, ValidationError."""
    terms.check(changes)
    async with connection.transaction():
        old = await repository.hold(connection, account_id)
        new = await repository.change(connection, account_id, changes)
        if differences := terms.differences(old.terms, new.terms):
            await audit.record(connection, actor, Action.ACCOUNT_CHANGED, _account(new), differences)
    return new


async def create_key(
    connection: Connection,
    actor: str,
    account: Account,
    name: str,
    *,
    scopes: Sequence[Scope] = USUAL,
    expires_at: datetime | None = None,
) -> tuple[str, ApiKey]:
    """A new key of the account: its text, which is never to be had again, and what is kept of it.

    Raises BadRequest.
    """
    async with connection.transaction():
        text, key = await api_keys.create(connection, account.id, name, scopes=scopes, expires_at=expires_at)
        details = {
            **_owner(key),
            "scopes": list(key.scopes),
            "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        }
        await audit.record(connection, actor, Action.KEY_CREATED, f"key:{key.prefix}", details)
    return text, key


async def revoke_key(
    connection: Connection, actor: str, prefix_or_id: str, *, account_id: UUID | None = None
) -> ApiKey:
    """Revokes the key with that prefix or id, of that account or of any, from the next request on, in every process.

    One that was revoked before stays as it is. Raises NotFound.
    """
    async with connection.transaction():
        revoked = await api_keys.revoke(connection, prefix_or_id, account_id=account_id)
        if revoked is not None:
            await audit.record(connection, actor, Action.KEY_REVOKED, f"key:{revoked.prefix}", _owner(revoked))
            return revoked
        return await api_keys.find(connection, prefix_or_id, account_id=account_id)


async def rotate_webhook_secret(
    connection: Connection, actor: str, account: Account, overlap_seconds: float
) -> WebhookSecret:
    """Puts a new secret in force for the account's webhooks; those before it sign for so many seconds more."""
    async with connection.transaction():
        made = await webhook_secrets.rotate(connection, account.id, overlap_seconds)
        details = {"secret": str(made.id), "overlap_seconds": overlap_seconds}
        await audit.record(connection, actor, Action.WEBHOOK_SECRET_ROTATED, _account(account), details)
    return made


async def rotate_signing_key(connection: Connection, actor: str, *, at_once: bool) -> KnownKey:
    """Makes the key that signs URLs from now on; `at_once`: every URL handed out becomes invalid."""
    async with connection.transaction():
        made = await signing_keys.rotate(connection, at_once=at_once)
        details = {"at_once": at_once}
        await audit.record(connection, actor, Action.SIGNING_KEY_ROTATED, f"signing_key:{made.id}", details)
    return made


async def account_named(connection: Connection, name_or_id: str) -> Account:
    """The account of that id, or of that name; raises NotFound."""
    try:
        account = await repository.get(connection, UUID(name_or_id))
    except ValueError:
        return await repository.find(connection, name_or_id)
    if account is None:
        raise NotFound(f"there is no account {name_or_id!r}")
    return account


def _account(account: Account) -> str:
    return f"account:{account.name}"


def _owner(key: ApiKey) -> dict[str, str]:
    return {"account": key.account_name, "name": key.name}
