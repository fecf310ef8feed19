"""What those get who manage accounts, keys and secrets, described for the reference; the answers are plain data."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ffmill.api.admin_schemas import AccountRequest


class AccountObject(AccountRequest):
    """An account, with all of its terms."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: str = Field(description="Its UUID.")
    created_at: str = Field(description="When it was made.")


class AccountAnswer(BaseModel):
    """An account, wrapped."""

    data: AccountObject


class AccountsAnswer(BaseModel):
    """All accounts, by name."""

    data: list[AccountObject]


class KeyObject(BaseModel):
    """What is known of an API key: all but the key itself."""

    id: str = Field(description="Its UUID.")
    account: str = Field(description="The name of the account that it speaks for.")
    name: str = Field(description="What it is for.")
    prefix: str = Field(description="Its first 12 characters, to tell keys apart.", examples=["ffm_Xb2uY9kQ"])
    scopes: list[str] = Field(description="What it may do.")
    created_at: str = Field(description="When it was made.")
    expires_at: str | None = Field(description="When it ends by itself; null: never.")
    last_used_at: str | None = Field(description="When it was used last, to the minute; null: not yet.")
    revoked_at: str | None = Field(description="When it was revoked; null: it was not.")


class NewKeyObject(KeyObject):
    """A key that was just made."""

    key: str = Field(description="The key itself. This is the only time that it is shown.")


class KeyAnswer(BaseModel):
    """What is known of a key, wrapped."""

    data: KeyObject


class NewKeyAnswer(BaseModel):
    """A new key, wrapped."""

    data: NewKeyObject


class KeysAnswer(BaseModel):
    """An account's keys, the oldest first, the revoked ones too."""

    data: list[KeyObject]


class SecretObject(BaseModel):
    """A secret that signs the account's webhooks."""

    id: str = Field(description="Its UUID.")
    secret: str = Field(description="As libraries for Standard Webhooks take it.", examples=["whsec_…"])
    created_at: str = Field(description="When it was made.")
    expires_at: str | None = Field(description="When it no longer signs; null: it is the one in force.")


class SecretAnswer(BaseModel):
    """A secret, wrapped."""

    data: SecretObject


class SecretsAnswer(BaseModel):
    """The secrets that sign at present, the one in force first."""

    data: list[SecretObject]


class SigningKeyObject(BaseModel):
    """A key that signs URLs: all but its secret."""

    id: str = Field(description="As `kid` in the URLs that it signed.")
    created_at: str = Field(description="When it was made.")


class SigningKeyAnswer(BaseModel):
    """A signing key, wrapped."""

    data: SigningKeyObject


class SigningKeysAnswer(BaseModel):
    """All signing keys, the newest first: it signs, all verify."""

    data: list[SigningKeyObject]


class AuditEntryObject(BaseModel):
    """Who did what."""

    id: int = Field(description="Its number in the log.")
    at: str = Field(description="When it was done.")
    actor: str = Field(
        description="A key by its prefix and account, or who used the command line.",
        examples=["key ffm_Xb2uY9kQ of owner"],
    )
    action: str = Field(
        description="`account.created`, `account.changed`, `key.created`, `key.revoked`, `webhook_secret.rotated` or"
        " `signing_key.rotated`."
    )
    subject: str = Field(description="What it was done to.", examples=["account:video team"])
    details: dict[str, Any] = Field(description="What was given; of a change the old and the new values.")


class AuditPaging(BaseModel):
    """Where a page of the log lies."""

    limit: int = Field(description="The limit that was used.")
    hasMore: bool = Field(description="Whether there are older entries.")  # noqa: N815  # as in lists of jobs
    nextCursor: str | None = Field(description="The `cursor` that gives the entries after this page.")  # noqa: N815


class AuditAnswer(BaseModel):
    """A page of the audit log, newest first."""

    data: list[AuditEntryObject]
    pagingParams: AuditPaging  # noqa: N815  # as in lists of jobs
