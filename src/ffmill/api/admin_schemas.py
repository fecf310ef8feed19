"""What those who manage accounts, keys and secrets may send, checked in shape; the rules are the domain's."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.requests import Request

from ffmill.accounts.model import USUAL, Scope
from ffmill.accounts.terms import BOUNDS, MOST_MACHINES
from ffmill.api import queries
from ffmill.api.body import parse_object, read_body, understood
from ffmill.api.parts import parts_of
from ffmill.api.problems import Text, problems
from ffmill.errors import ValidationError

LONGEST_NAME = 200  # characters
LONGEST_OVERLAP_SECONDS = 30 * 86_400
LAST_YEAR = 9000  # PostgreSQL keeps later times, Python does not read them all

Asked = TypeVar("Asked", bound=BaseModel)


class Body(BaseModel):
    """A body that is refused when it holds a field that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def _number(term: str, default: float | None, description: str) -> Any:
    least, most = BOUNDS[term]
    return Field(default, ge=least, le=most, description=description)


class TermsRequest(Body):
    """What an account may and gets. Null, but for `paid` and `weight`: as the installation's settings say, or no limit
    where they name none."""

    paid: bool = Field(default=False, description="Whether it has the higher rate limit.")
    weight: float = _number(
        "weight", 1, "Of two accounts with jobs waiting, one of weight 2 has twice as many at work as one of weight 1."
    )
    max_running: int | None = _number("max_running", None, "Jobs at work at once; more wait, none is refused.")
    rate_limit: int | None = _number("rate_limit", None, "Requests a second; 0 stands for any number.")
    machines: list[Text] | None = Field(
        None, min_length=1, max_length=MOST_MACHINES, description="The machines that its jobs may ask for; null: all."
    )
    max_timeout_seconds: int | None = _number(
        "max_timeout_seconds", None, "Its longest job, in seconds; never longer than the installation's longest."
    )
    max_input_bytes: int | None = _number("max_input_bytes", None, "Its largest input, in bytes.")
    max_month_bytes: int | None = _number("max_month_bytes", None, "Bytes in and out in a calendar month of UTC.")
    max_stored_bytes: int | None = _number("max_stored_bytes", None, "Bytes of outputs and uploads that are kept.")
    keep_outputs_days: float | None = _number("keep_outputs_days", None, "Days for which outputs are kept.")
    keep_uploads_days: float | None = _number("keep_uploads_days", None, "Days for which uploads are kept.")
    keep_logs_days: float | None = _number("keep_logs_days", None, "Days for which the logs of jobs are kept.")
    keep_jobs_days: float | None = _number("keep_jobs_days", None, "Days for which ended jobs are kept.")

    def changes(self) -> dict[str, Any]:
        """The terms that were sent, by name."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "name"}
        if sent.get("machines") is not None:
            sent["machines"] = tuple(dict.fromkeys(sent["machines"]))
        return sent


class AccountRequest(TermsRequest):
    """A new account."""

    name: Text = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="Printable, no space around it, and none that another account has.",
        examples=["video team"],
    )


def _time(value: Any) -> Any:
    """A time as RFC 3339 writes it, in UTC."""
    if not isinstance(value, str):
        return value
    time = queries.utc(value)
    if time is None or time.year >= LAST_YEAR:
        raise ValueError("must be a time as 2026-01-31T12:00:00Z")
    return time


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
ScopeName = Annotated[
    Scope, Field(strict=False), WithJsonSchema({"type": "string", "enum": [scope.value for scope in Scope]})
]


class KeyRequest(Body):
    """A new API key."""

    name: Text = Field(
        min_length=1, max_length=LONGEST_NAME, description="What the key is for; printable.", examples=["my web shop"]
    )
    scopes: list[ScopeName] = Field(
        default=list(USUAL),
        min_length=1,
        max_length=2 * len(Scope),
        description="What it may do; none that your own key may not. `admin` stands for all of them, and for the whole"
        " installation.",
    )
    expires_at: Time | None = Field(None, description="When it ends by itself, in the future; null: never.")
    account: Text | None = Field(
        None, description="The name or id of the account that it is for, where your key is an administrator's."
    )


class SecretRequest(Body):
    """A new secret that signs webhooks."""

    overlap_seconds: int = Field(
        86_400,
        ge=0,
        le=LONGEST_OVERLAP_SECONDS,
        description="For how long the secrets of before sign too, so that receivers can change over; at most 30 days.",
    )


class SigningKeyRequest(Body):
    """A new key that signs URLs."""

    at_once: bool = Field(
        default=False, description="Whether the keys of before end now, and with them every URL that was handed out."
    )


BODIES = (AccountRequest, TermsRequest, KeyRequest, SecretRequest, SigningKeyRequest)


async def asked(request: Request, kind: type[Asked], *, may_be_empty: bool = False) -> Asked:
    """What the body asks for, read as JSON; raises ValidationError that lists every problem with its place, TooLarge,
    and Unavailable when it came too slowly."""
    body = await read_body(request, parts_of(request).settings.max_body_bytes)
    if may_be_empty and not body.strip():
        body = b"{}"
    return await understood(body, lambda: _read(kind, body))


def _read(kind: type[Asked], body: bytes) -> Asked:
    try:
        return kind.model_validate(parse_object(body))
    except pydantic.ValidationError as error:
        raise ValidationError(problems(error)) from error
