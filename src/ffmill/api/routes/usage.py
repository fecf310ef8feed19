"""What an account has used, and what that would cost."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ffmill.accounts import managing
from ffmill.accounts.model import Account, Caller, Scope
from ffmill.api import queries
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import UsageReader
from ffmill.api.documenting import query as parameter
from ffmill.api.documenting import route
from ffmill.api.parts import parts_of
from ffmill.api.quoting import UNSTORABLE, quoted, storable
from ffmill.db.pool import Connection
from ffmill.errors import Forbidden, ValidationError
from ffmill.jobs.view import timestamp
from ffmill.usage import ledger
from ffmill.usage.ledger import GROUPS, METADATA, Asked, Sums
from ffmill.usage.prices import Prices

router = APIRouter(prefix="/api", tags=["Usage"])


class UsageObject(BaseModel):
    """What jobs used together; a group's has its name as well, under that of `group_by`."""

    model_config = ConfigDict(extra="allow")

    jobs: int = Field(description="How many ended.")
    input_bytes: int = Field(description="Bytes that were fetched as inputs.")
    output_bytes: int = Field(description="Bytes that were kept as outputs.")
    cpu_seconds: float = Field(description="CPU seconds of the commands.")
    gpu_seconds: float = Field(description="Seconds for which commands had a GPU.")
    wall_seconds: float = Field(description="Seconds from the claim of each job to its end.")
    peak_memory_bytes: int = Field(description="Memory of the largest command.")
    cost: float | None = Field(description="At the operator's prices; null where there are none.")


class UsageAnswer(BaseModel):
    """An account's usage, group by group and in all."""

    data: list[UsageObject]
    total: UsageObject
    group_by: str
    currency: str


DOCUMENTED = route(
    "get_usage",
    "Read what was used",
    "What your account's jobs used that ended in a span of time. A job counts once, by the attempt that ended it.",
    {"model": UsageAnswer, "description": "The sums."},
    *(400, 401, 404, 503),
    extra={
        "parameters": [
            parameter(
                "from", "Jobs that ended then or later; by default, this month.", type="string", format="date-time"
            ),
            parameter("to", "Jobs that ended before; by default, now.", type="string", format="date-time"),
            parameter("group_by", "`day`, `machine`, `status` or `metadata.KEY`.", type="string", default="day"),
            parameter("account", "Another account, by name or id; for administrators.", type="string"),
        ]
    },
)


@router.get("/usage", **DOCUMENTED)
async def usage(request: Request, caller: UsageReader) -> Response:
    """The sums of what is asked for."""
    parts, query = parts_of(request), request.query_params
    prices = Prices.of(parts.settings)
    async with parts.pool.connection() as connection:
        asked = _asked(query, await ledger.now(connection))
        account = await _account(connection, caller, query.get("account"))
        groups = await ledger.sums(connection, account.id, asked)
    total = Sums()
    for _, sums in groups:
        total = total.plus(sums)
    answer = {
        "data": [{asked.group_by: name, **_view(sums, prices)} for name, sums in groups],
        "total": _view(total, prices),
        "group_by": asked.group_by,
        "from": timestamp(asked.since),
        "to": timestamp(asked.before),
        "currency": prices.currency,
    }
    return JsonAnswer(answer)


async def _account(connection: Connection, caller: Caller, name: str | None) -> Account:
    if name is None:
        return caller.account
    if not caller.may(Scope.ADMIN):
        raise Forbidden("account: only an administrator's key reads what other accounts used")
    if not storable(name):
        raise ValidationError(f"account: {UNSTORABLE}")
    return await managing.account_named(connection, name)


def _asked(query: Mapping[str, str], now: datetime) -> Asked:
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since, before = queries.time(query, "from") or month, queries.time(query, "to") or now
    if since > before:
        name = "from" if "from" in query else "to"
        raise ValidationError(f"{name}: the time from {timestamp(since)} to {timestamp(before)} ends before it begins")
    return Asked(since=since, before=before, group_by=_group(query.get("group_by", "day")))


def _group(text: str) -> str:
    if text in GROUPS or (text.startswith(METADATA) and text != METADATA and storable(text)):
        return text
    raise ValidationError(f"group_by: must be one of {', '.join(GROUPS)}, {METADATA}KEY, not {quoted(text)}")


def _view(used: Sums, prices: Prices) -> dict[str, Any]:
    seconds = {name: round(value, 3) for name, value in asdict(used).items() if name.endswith("_seconds")}
    return {**asdict(used), **seconds, "cost": prices.cost(used)}
