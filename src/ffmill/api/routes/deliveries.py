"""The log of webhooks, and the wish to deliver one again."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ffmill.api import queries
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Reader, Writer
from ffmill.api.documenting import route
from ffmill.api.parts import parts_of
from ffmill.api.quoting import quoted
from ffmill.errors import NotFound
from ffmill.webhooks import repository
from ffmill.webhooks.view import delivery_object

router = APIRouter(prefix="/api", tags=["Webhooks"])


class DeliveryAttemptObject(BaseModel):
    """A call of a webhook."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int = Field(description="Counted from 1, through all redeliveries.")
    started_at: str = Field(description="When it was called.")
    duration_seconds: float = Field(description="How long it took.")
    status_code: int | None = Field(description="What the receiver answered; null when it did not.")
    error: str | None = Field(description="Why this call does not count as delivered; null when it does.")
    answer: str = Field(description="The first KiB of the answer's body, as text.")


class DeliveryObject(BaseModel):
    """What became of telling a webhook that its job has ended."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(description="The delivery's UUID: the `webhook-id` of every call.")
    job_id: str = Field(description="The job's UUID.")
    event: Literal["job.ended"] = Field(description="What the webhook is told.")
    url: str = Field(description="The job's `webhook_url`.")
    state: Literal["pending", "delivered", "failed"] = Field(
        description="`failed` when the last retry has not delivered it either."
    )
    created_at: str = Field(description="When the job ended.")
    next_try_at: str | None = Field(description="When it is called again; null when not, and before the first call.")
    delivered_at: str | None = Field(description="When the receiver took it.")
    attempts: list[DeliveryAttemptObject] = Field(description="The calls, the last hundred of them, in their order.")


class DeliveryAnswer(BaseModel):
    """A delivery, wrapped."""

    data: DeliveryObject


class DeliveriesAnswer(BaseModel):
    """The deliveries of a job: one, or none where the job has no webhook or has not ended."""

    data: list[DeliveryObject]


LIST = route(
    "list_job_deliveries",
    "List a job's deliveries",
    "The log of the job's webhook: whether it was delivered, and what became of each call.",
    {
        "model": DeliveriesAnswer,
        "description": "The job's deliveries.",
        "links": {
            "redeliver": {"operationId": "redeliver", "parameters": {"delivery_id": "$response.body#/data/0/id"}}
        },
    },
    *(401, 404, 503),
)
REDELIVER = route(
    "redeliver",
    "Deliver a webhook again",
    "Calls the webhook again at once, whatever became of it before, with all its retries. The `webhook-id` stays the"
    " same. The body does not matter.",
    {"model": DeliveryAnswer, "description": "The delivery, pending."},
    *(401, 404, 503),
)


@router.get("/jobs/{job_id}/deliveries", **LIST)
async def deliveries(request: Request, caller: Reader, job_id: str) -> Response:
    """The deliveries of the account's job."""
    async with parts_of(request).pool.connection() as connection:
        found = await repository.of_job(connection, queries.uuid(job_id, "job"), caller.account.id)
    if found is None:
        raise NotFound(f"there is no job {quoted(job_id)}")
    return JsonAnswer({"data": [delivery_object(delivery) for delivery in found]})


@router.post("/deliveries/{delivery_id}/redeliver", **REDELIVER)
async def redeliver(request: Request, caller: Writer, delivery_id: str) -> Response:
    """The account's delivery, begun again."""
    parts, key = parts_of(request), queries.uuid(delivery_id, "delivery")
    async with parts.pool.connection() as connection, connection.transaction():
        await parts.queue.redeliver(connection, key, caller.account.id)
        delivery = await repository.get(connection, key, caller.account.id)
    if delivery is None:
        raise NotFound(f"there is no delivery {quoted(delivery_id)}")
    return JsonAnswer({"data": delivery_object(delivery)})
