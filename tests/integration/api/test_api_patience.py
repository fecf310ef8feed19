"""Waiting for a job's end outlives an outage of the database, and notices that nobody heard."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from ffmill.jobs import repository
from ffmill.jobs.endings import Endings
from ffmill.jobs.model import Job, Status

from .conftest import PICTURE, Service
from .test_api_waiting import WAIT, queued


@pytest.fixture
async def job(client: httpx.AsyncClient) -> AsyncGenerator[UUID]:
    """A queued job; a wait without an end would be one for the test too."""
    async with asyncio.timeout(60):
        yield UUID((await client.post("/api/ffmpeg", json=PICTURE)).json()["data"]["id"])


def failing(times: int, function: Any, failed: list[str]) -> Any:
    """The same function, to which the database cannot be reached so many times."""

    async def call(*arguments: Any, **named: Any) -> Any:
        if len(failed) < times:
            failed.append(function.__name__)
            raise psycopg.OperationalError("terminating connection due to administrator command")
        return await function(*arguments, **named)

    return call


def deaf(_: Endings, _payload: str) -> None:
    """Hears a notification and does nothing."""


async def cancel(service: Service, job: UUID) -> None:
    """Ends the job."""
    await service.parts.jobs.cancel(service.account, job)


@pytest.mark.parametrize("read", ["status", "get"])
async def test_a_waiter_looks_again_when_the_database_cannot_be_reached(
    service: Service, job: UUID, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    monkeypatch.setattr("ffmill.db.patience.PAUSE_SECONDS", 0)
    await cancel(service, job)
    failed: list[str] = []
    monkeypatch.setattr(repository, read, failing(3, getattr(repository, read), failed))
    assert (await service.parts.jobs.wait(service.account, job)).status is Status.CANCELLED
    assert failed == [read] * 3


async def test_a_waiter_gives_up_when_its_patience_is_over(
    service: Service, job: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffmill.jobs.service.PATIENCE_SECONDS", -1)
    failed: list[str] = []
    monkeypatch.setattr(repository, "status", failing(1, repository.status, failed))
    with pytest.raises(psycopg.OperationalError):
        await service.parts.jobs.wait(service.account, job)


async def test_a_waiter_that_is_never_woken_looks_for_itself(
    service: Service, job: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffmill.jobs.service.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Endings, "_wake", deaf)
    waiting = asyncio.create_task(service.parts.jobs.wait(service.account, job))
    await cancel(service, job)
    ended: Job = await waiting
    assert ended.status is Status.CANCELLED


async def test_an_answer_outlives_an_outage(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffmill.db.patience.PAUSE_SECONDS", 0)
    failed: list[str] = []
    async with (
        asyncio.timeout(60),
        service.served() as (host, port, _),
        service.client(f"http://{host}:{port}") as client,
        client.stream("POST", WAIT, json=PICTURE) as answer,
    ):
        pieces = answer.aiter_raw()
        await anext(pieces)
        monkeypatch.setattr(repository, "status", failing(3, repository.status, failed))
        await client.post(f"/api/jobs/{await queued(service)}/cancel")
        body = b"".join([piece async for piece in pieces])
    assert b'"status":"cancelled"' in body
    assert failed == ["status"] * 3
