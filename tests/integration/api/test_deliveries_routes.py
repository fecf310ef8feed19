"""The log of webhooks over HTTP, and the wish to deliver one again."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope
from ffmill.api.routes.deliveries import DeliveriesAnswer, DeliveryAnswer
from ffmill.webhooks import repository
from ffmill.webhooks.model import Answered

from .conftest import PICTURE, Service

ODD = ["nonsense", "%00", "0", "a" * 5000, "%F0%9F%8E%AC", "%ED%A0%80", str(UUID(int=7))]
URL = "https://example.com/hook?token=1"


async def ended(client: httpx.AsyncClient, **fields: Any) -> str:
    """A job that has ended."""
    job = (await client.post("/api/ffmpeg", json={**PICTURE, "webhook_url": URL, **fields})).json()["data"]["id"]
    assert (await client.post(f"/api/jobs/{job}/cancel")).status_code == 200
    return job


async def log(client: httpx.AsyncClient, job: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/jobs/{job}/deliveries")
    assert answer.status_code == 200
    DeliveriesAnswer.model_validate_json(answer.content)
    return answer.json()["data"]


async def count(service: Service, delivery: dict[str, Any], answered: Answered) -> None:
    """As a worker does after a call."""
    async with service.parts.pool.connection() as connection:
        call = await repository.call(connection, UUID(delivery["id"]), 1)
        assert call is not None
        await repository.count(connection, call, answered, [1000])


async def test_the_log_shows_the_delivery_and_its_calls(client: httpx.AsyncClient, service: Service) -> None:
    job = await ended(client)
    (delivery,) = await log(client, job)
    created = (await client.get(f"/api/jobs/{job}")).json()["data"]["finished_at"]
    assert delivery == {
        "id": delivery["id"],
        "job_id": job,
        "event": "job.ended",
        "url": URL,
        "state": "pending",
        "created_at": created,
        "next_try_at": None,
        "delivered_at": None,
        "attempts": [],
    }
    error = "the webhook answered 500 Internal Server Error"
    await count(service, delivery, Answered(status_code=500, error=error, answer="sorry", duration_seconds=0.12345))
    (delivery,) = await log(client, job)
    (attempt,) = delivery["attempts"]
    assert (delivery["state"], delivery["next_try_at"] > attempt["started_at"]) == ("pending", True)
    assert attempt.pop("started_at").endswith("Z")
    assert attempt == {
        "number": 1,
        "duration_seconds": 0.123,
        "status_code": 500,
        "error": error,
        "answer": "sorry",
    }


async def test_a_job_without_a_webhook_has_no_delivery(client: httpx.AsyncClient) -> None:
    assert await log(client, await ended(client, webhook_url=None)) == []


async def test_a_job_that_has_not_ended_has_no_delivery(client: httpx.AsyncClient) -> None:
    job = (await client.post("/api/ffmpeg", json={**PICTURE, "webhook_url": URL})).json()["data"]["id"]
    assert await log(client, job) == []


async def test_a_delivery_is_begun_again_whatever_its_state(client: httpx.AsyncClient, service: Service) -> None:
    job = await ended(client)
    (delivery,) = await log(client, job)
    await count(service, delivery, Answered(status_code=200, error=None, answer="", duration_seconds=0))
    (delivered,) = await log(client, job)
    assert (delivered["state"], delivered["delivered_at"] is None) == ("delivered", False)
    for _ in range(2):
        answer = await client.post(f"/api/deliveries/{delivery['id']}/redeliver")
        assert answer.status_code == 200
        DeliveryAnswer.model_validate_json(answer.content)
        assert answer.json()["data"] == {**delivered, "state": "pending", "delivered_at": None}
    async with service.parts.pool.connection() as connection:
        rows = await connection.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'delivery' ORDER BY id")
        tasks = [args for (args,) in await rows.fetchall()]
    assert tasks == [{"delivery_id": delivery["id"], "round": number} for number in (1, 2, 3)]


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, odd: str) -> None:
    for answer in [
        await client.get(f"/api/jobs/{odd}/deliveries"),
        await client.post(f"/api/deliveries/{odd}/redeliver"),
    ]:
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "notFound")


async def test_another_account_sees_and_redelivers_nothing(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    job = await ended(client)
    (delivery,) = await log(client, job)
    assert (await stranger.get(f"/api/jobs/{job}/deliveries")).status_code == 404
    assert (await stranger.post(f"/api/deliveries/{delivery['id']}/redeliver")).status_code == 404
    assert await log(client, job) == [delivery]


async def test_a_key_needs_the_scopes(client: httpx.AsyncClient, service: Service) -> None:
    job = await ended(client)
    (delivery,) = await log(client, job)
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "reader", scopes=[Scope.JOBS_READ])
    async with service.client(key=key) as reader:
        assert await log(reader, job) == [delivery]
        assert (await reader.post(f"/api/deliveries/{delivery['id']}/redeliver")).status_code == 403
