"""Accounts and their terms, for administrators."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts import audit, managing, repository
from ffmill.accounts.model import TERMS, Account
from ffmill.api import documented_admin as documented
from ffmill.api.admin_schemas import AccountRequest, TermsRequest, asked
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Admin
from ffmill.api.parts import parts_of
from ffmill.jobs.view import timestamp

router = APIRouter(prefix="/api/admin", tags=["Administration"])


@router.get("/accounts", **documented.LIST_ACCOUNTS)
async def list_accounts(request: Request, _: Admin) -> Response:
    """All accounts, by name."""
    async with parts_of(request).pool.connection() as connection:
        found = await repository.list_all(connection)
    return JsonAnswer({"data": [view(account) for account in found]})


@router.post("/accounts", **documented.CREATE_ACCOUNT)
async def create_account(request: Request, caller: Admin) -> Response:
    """A new account."""
    wanted = await asked(request, AccountRequest)
    async with parts_of(request).pool.connection() as connection:
        made = await managing.create_account(connection, audit.by_key(caller), wanted.name, wanted.changes())
    return JsonAnswer({"data": view(made)})


@router.get("/accounts/{account}", **documented.GET_ACCOUNT)
async def get_account(request: Request, _: Admin, account: str) -> Response:
    """The account of that name or id."""
    async with parts_of(request).pool.connection() as connection:
        found = await managing.account_named(connection, account)
    return JsonAnswer({"data": view(found)})


@router.patch("/accounts/{account}", **documented.CHANGE_ACCOUNT)
async def change_account(request: Request, caller: Admin, account: str) -> Response:
    """Sets the terms that are sent."""
    wanted = await asked(request, TermsRequest)
    async with parts_of(request).pool.connection() as connection:
        found = await managing.account_named(connection, account)
        changed = await managing.change_account(connection, audit.by_key(caller), found.id, wanted.changes())
    return JsonAnswer({"data": view(changed)})


def view(account: Account) -> dict[str, Any]:
    """The account object."""
    terms = {term: getattr(account.terms, term) for term in TERMS}
    return {"id": str(account.id), "name": account.name, "created_at": timestamp(account.created_at), **terms}
