"""Secrets that sign: an account's webhooks, and the URLs of the installation."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts import audit, managing
from ffmill.api import documented_admin as documented
from ffmill.api.admin_schemas import SecretRequest, SigningKeyRequest, asked
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Admin, KeyWriter
from ffmill.api.parts import parts_of
from ffmill.api.routes.keys import NOT_KEPT
from ffmill.jobs.view import optional, timestamp
from ffmill.store import signing_keys
from ffmill.store.signing_keys import KnownKey
from ffmill.webhooks import secrets as webhook_secrets
from ffmill.webhooks.secrets import WebhookSecret

router = APIRouter(prefix="/api")


@router.get("/webhook-secrets", tags=["Webhooks"], **documented.LIST_SECRETS)
async def list_webhook_secrets(request: Request, caller: KeyWriter) -> Response:
    """The secrets that sign the account's webhooks at present."""
    async with parts_of(request).pool.connection() as connection:
        found = await webhook_secrets.list_of(connection, caller.account.id)
    return JsonAnswer({"data": [_secret(secret) for secret in found]}, headers=NOT_KEPT)


@router.post("/webhook-secrets", tags=["Webhooks"], **documented.ROTATE_SECRET)
async def rotate_webhook_secret(request: Request, caller: KeyWriter) -> Response:
    """A new secret; those before it sign too for a while."""
    wanted = await asked(request, SecretRequest, may_be_empty=True)
    async with parts_of(request).pool.connection() as connection:
        made = await managing.rotate_webhook_secret(
            connection, audit.by_key(caller), caller.account, wanted.overlap_seconds
        )
    return JsonAnswer({"data": _secret(made)}, headers=NOT_KEPT)


@router.get("/admin/signing-keys", tags=["Administration"], **documented.LIST_SIGNING_KEYS)
async def list_signing_keys(request: Request, _: Admin) -> Response:
    """The keys that sign URLs, newest first."""
    async with parts_of(request).pool.connection() as connection:
        found = await signing_keys.list_all(connection)
    return JsonAnswer({"data": [_signing_key(key) for key in found]})


@router.post("/admin/signing-keys", tags=["Administration"], **documented.ROTATE_SIGNING_KEY)
async def rotate_signing_key(request: Request, caller: Admin) -> Response:
    """A new key that signs URLs."""
    parts, wanted = parts_of(request), await asked(request, SigningKeyRequest, may_be_empty=True)
    async with parts.pool.connection() as connection:
        made = await managing.rotate_signing_key(connection, audit.by_key(caller), at_once=wanted.at_once)
    await parts.keyring.refresh()  # the other processes follow within seconds
    return JsonAnswer({"data": _signing_key(made)})


def _secret(secret: WebhookSecret) -> dict[str, Any]:
    return {
        "id": str(secret.id),
        "secret": secret.text,
        "created_at": timestamp(secret.created_at),
        "expires_at": optional(secret.expires_at),
    }


def _signing_key(key: KnownKey) -> dict[str, Any]:
    return {"id": key.id, "created_at": timestamp(key.created_at)}
