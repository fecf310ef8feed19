"""API keys: an account's own, and anybody's for administrators."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts import api_keys, audit, managing
from ffmill.accounts.model import Account, ApiKey, Caller, Scope
from ffmill.api import documented_admin as documented
from ffmill.api.admin_schemas import KeyRequest, asked
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import KeyWriter
from ffmill.api.parts import parts_of
from ffmill.db.pool import Connection
from ffmill.errors import Forbidden
from ffmill.jobs.view import optional, timestamp

NOT_KEPT = {"Cache-Control": "no-store"}
"""Headers of an answer that holds a secret."""

router = APIRouter(prefix="/api", tags=["Keys"])


@router.get("/keys", **documented.LIST_KEYS)
async def list_keys(request: Request, caller: KeyWriter) -> Response:
    """The account's keys."""
    async with parts_of(request).pool.connection() as connection:
        account = await _account(connection, caller, request.query_params.get("account"))
        found = await api_keys.list_of(connection, account.id)
    return JsonAnswer({"data": [view(key) for key in found]})


@router.post("/keys", **documented.CREATE_KEY)
async def create_key(request: Request, caller: KeyWriter) -> Response:
    """A new key, shown this once."""
    wanted = await asked(request, KeyRequest)
    _check_scopes(caller, wanted.scopes)
    expires_at = _expiry(caller, wanted.expires_at)
    async with parts_of(request).pool.connection() as connection:
        account = await _account(connection, caller, wanted.account or request.query_params.get("account"))
        text, key = await managing.create_key(
            connection,
            audit.by_key(caller),
            account,
            wanted.name,
            scopes=wanted.scopes,
            expires_at=expires_at,
        )
    return JsonAnswer({"data": {**view(key), "key": text}}, headers=NOT_KEPT)


@router.delete("/keys/{key}", **documented.REVOKE_KEY)
async def revoke_key(request: Request, caller: KeyWriter, key: str) -> Response:
    """Revokes the key of that id or prefix."""
    named = request.query_params.get("account")
    async with parts_of(request).pool.connection() as connection:
        anybodys = named is None and caller.may(Scope.ADMIN)
        account_id = None if anybodys else (await _account(connection, caller, named)).id
        found = await api_keys.find(connection, key, account_id=account_id)
        if more := _lacking(caller, found.scopes):
            raise Forbidden(f"this key may do what yours may not: {', '.join(more)}")
        revoked = await managing.revoke_key(connection, audit.by_key(caller), key, account_id=account_id)
    return JsonAnswer({"data": view(revoked)})


def view(key: ApiKey) -> dict[str, Any]:
    """The key object."""
    return {
        "id": str(key.id),
        "account": key.account_name,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "created_at": timestamp(key.created_at),
        "expires_at": optional(key.expires_at),
        "last_used_at": optional(key.last_used_at),
        "revoked_at": optional(key.revoked_at),
    }


def _check_scopes(caller: Caller, scopes: Iterable[Scope]) -> None:
    if lacking := _lacking(caller, scopes):
        raise Forbidden(f"scopes: your key cannot give what it lacks itself: {', '.join(lacking)}")


def _lacking(caller: Caller, scopes: Iterable[Scope]) -> list[Scope]:
    return [scope for scope in dict.fromkeys(scopes) if not caller.may(scope)]


def _expiry(caller: Caller, wanted: datetime | None) -> datetime | None:
    """When the new key ends: with the one that makes it at the latest, unless that is an administrator's."""
    if caller.expires_at is None or caller.may(Scope.ADMIN):
        return wanted
    if wanted is not None and wanted > caller.expires_at:
        raise Forbidden(f"expires_at: a new key cannot outlive yours, which expires at {timestamp(caller.expires_at)}")
    return wanted or caller.expires_at


async def _account(connection: Connection, caller: Caller, named: str | None) -> Account:
    """The caller's account, or the one that an administrator names."""
    if named is None or named in (caller.account.name, str(caller.account.id)):
        return caller.account
    if not caller.may(Scope.ADMIN):
        raise Forbidden("account: only an administrator's key manages the keys of other accounts")
    return await managing.account_named(connection, named)
