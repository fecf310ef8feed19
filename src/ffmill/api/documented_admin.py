"""The words of the reference on accounts, keys and secrets, as FastAPI's route arguments."""

from typing import Any

from pydantic import BaseModel

from ffmill.api import admin_objects as objects
from ffmill.api.admin_schemas import (
    AccountRequest,
    KeyRequest,
    SecretRequest,
    SigningKeyRequest,
    TermsRequest,
)
from ffmill.api.documenting import body, query, route


def _ok(model: type[BaseModel], description: str) -> dict[str, Any]:
    return {"model": model, "description": description}


def _body(model: type[BaseModel], example: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return body(model.__name__, {"": example}, required=required)


ADMIN = "Needs an administrator's key."
KEYS_WRITE = "Needs the scope `keys:write`."

LIST_ACCOUNTS = route(
    "list_accounts", "List the accounts", ADMIN, _ok(objects.AccountsAnswer, "All accounts."), *(401, 503)
)
CREATE_ACCOUNT = route(
    "create_account",
    "Create an account",
    f"{ADMIN} What is left out is as for any account; an unknown field is refused.",
    _ok(objects.AccountAnswer, "The account."),
    *(400, 401, 409, 413, 503),
    extra=_body(AccountRequest, {"name": "video team", "max_running": 10, "keep_outputs_days": 7}),
)
GET_ACCOUNT = route(
    "get_account",
    "Get an account",
    f"{ADMIN} By its name or id.",
    _ok(objects.AccountAnswer, "The account."),
    *(401, 404, 503),
)
CHANGE_ACCOUNT = route(
    "change_account",
    "Change an account's terms",
    f"{ADMIN} What is named changes, from now on; null sets it back to what holds for any account.",
    _ok(objects.AccountAnswer, "The account as it is now."),
    *(400, 401, 404, 413, 503),
    extra=_body(TermsRequest, {"weight": 2, "max_running": None}),
)

LIST_KEYS = route(
    "list_keys",
    "List the keys of an account",
    KEYS_WRITE,
    _ok(objects.KeysAnswer, "The keys, without what is secret."),
    *(401, 404, 503),
    extra={"parameters": [query("account", "Another account, by name or id; for administrators.", type="string")]},
)
CREATE_KEY = route(
    "create_key",
    "Create a key",
    f"{KEYS_WRITE} The answer is the only one that shows the key.",
    _ok(objects.NewKeyAnswer, "The key."),
    *(400, 401, 404, 413, 503),
    extra=_body(KeyRequest, {"name": "my web shop", "scopes": ["jobs:read", "jobs:write"]}),
)
REVOKE_KEY = route(
    "revoke_key",
    "Revoke a key",
    f"{KEYS_WRITE} By its id or prefix; an administrator's key revokes any. From the next request on the key is"
    " refused. A key that was revoked before stays as it is.",
    _ok(objects.KeyAnswer, "The key."),
    *(401, 404, 503),
)

LIST_SECRETS = route(
    "list_webhook_secrets",
    "Read the secrets that sign webhooks",
    f"{KEYS_WRITE} Your account's, all that sign at present.",
    _ok(objects.SecretsAnswer, "The secrets."),
    *(401, 503),
)
ROTATE_SECRET = route(
    "rotate_webhook_secret",
    "Rotate the secret that signs webhooks",
    f"{KEYS_WRITE} A new secret signs from now on; for a while, those before it sign too.",
    _ok(objects.SecretAnswer, "The new secret."),
    *(400, 401, 413, 503),
    extra=_body(SecretRequest, {"overlap_seconds": 3600}, required=False),
)

LIST_SIGNING_KEYS = route(
    "list_signing_keys",
    "List the keys that sign URLs",
    f"{ADMIN} The newest signs, all verify.",
    _ok(objects.SigningKeysAnswer, "The keys, without their secrets."),
    *(401, 503),
)
ROTATE_SIGNING_KEY = route(
    "rotate_signing_key",
    "Rotate the key that signs URLs",
    f"{ADMIN} A new key signs from now on, in every process within seconds. URLs of before stay valid as long as they"
    " were to be, unless `at_once` is true.",
    _ok(objects.SigningKeyAnswer, "The new key."),
    *(400, 401, 413, 503),
    extra=_body(SigningKeyRequest, {"at_once": False}, required=False),
)

AUDIT = route(
    "list_audit_log",
    "Read the audit log",
    f"{ADMIN} Who did what to accounts, keys, secrets and limits, newest first.",
    _ok(objects.AuditAnswer, "A page of the log."),
    *(400, 401, 503),
    extra={
        "parameters": [
            query("limit", "How many entries; more than 100 is taken as 100.", type="integer", minimum=1, default=50),
            query("cursor", "`nextCursor` of the page before.", type="integer", minimum=1, maximum=2**63 - 1),
        ]
    },
)
