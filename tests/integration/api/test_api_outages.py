"""A database that dies or goes silent while it is used: 503, never 500, and never no answer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ffmill.api.parts import USE_SECONDS
from ffmill.db.pool import Connection, LendingPool
from ffmill.jobs import repository
from ffmill.queue.engine import Queue
from tests.integration.outages import close_all, silenced

from .conftest import PICTURE, Service

REQUESTS = [
    ("GET", "/api/jobs", None),
    ("GET", "/api/jobs/{job}", None),
    ("GET", "/api/jobs/{job}/logs", None),
    ("POST", "/api/ffmpeg", PICTURE),
    ("POST", "/api/jobs/{job}/cancel", None),
    ("POST", "/api/tmp-file", None),
    ("GET", "/readyz", None),
]
Call = Callable[..., Awaitable[Any]]


@contextmanager
def lending(service: Service, seconds: float) -> Generator[None]:
    """Has the database used for no longer than that."""
    pool = service.parts.pool
    assert isinstance(pool, LendingPool)
    assert pool.use_seconds == USE_SECONDS
    pool.use_seconds = seconds
    yield
    pool.use_seconds = USE_SECONDS


@pytest.fixture
async def job(client: httpx.AsyncClient) -> AsyncGenerator[str]:
    """A job that calls somebody when it ends; a wait without an end would be one for the test too."""
    async with asyncio.timeout(60):
        made = await client.post("/api/ffmpeg", json=PICTURE | {"webhook_url": "http://example.org/"})
        yield made.json()["data"]["id"]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_a_silent_database_is_503(
    service: Service, client: httpx.AsyncClient, database_url: str, *, job: str, method: str, path: str, body: Any
) -> None:
    with silenced(database_url), lending(service, 0.1):
        answer = await client.request(method, path.format(job=job), json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
    again = await client.request(method, path.format(job=job), json=body)
    assert again.status_code == (503 if path == "/readyz" else 200)  # there is no worker


def dying(database_url: str, call: Call, *, after: bool) -> Call:
    """The same call, around which the database closes all of its connections."""

    async def made(*arguments: Any, **named: Any) -> Any:
        if not after:
            await asyncio.to_thread(close_all, database_url)
        given = await call(*arguments, **named)
        if after:
            await asyncio.to_thread(close_all, database_url)
        return given

    return made


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("where", "name", "path", "body"),
    [
        (repository, "insert", "/api/ffmpeg", PICTURE),
        (Queue, "issue", "/api/ffmpeg", PICTURE),
        (Queue, "issue", "/api/jobs/batch", {"jobs": [PICTURE] * 3}),
        (repository, "cancel", "/api/jobs/{job}/cancel", None),
        (repository, "announce_end", "/api/jobs/{job}/cancel", None),
        (Queue, "enqueue_delivery", "/api/jobs/{job}/cancel", None),
    ],
)
async def test_a_database_that_dies_midway_is_503_and_nothing_was_done(
    client: httpx.AsyncClient,
    database_url: str,
    job: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    where: Any,
    name: str,
    path: str,
    body: Any,
    after: bool,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(where, name, dying(database_url, getattr(where, name), after=after))
        answer = await client.post(path.format(job=job), json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
    jobs = (await client.get("/api/jobs")).json()["data"]
    assert [(each["id"], each["status"]) for each in jobs] == [(job, "queued")]


async def test_a_running_job_whose_cancel_meets_a_dying_database_is_503(
    client: httpx.AsyncClient, database_url: str, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancel(connection: Connection, *arguments: Any) -> Any:
        cancelled = await repository_cancel(connection, *arguments)
        assert cancelled
        await asyncio.to_thread(close_all, database_url)
        return cancelled[0], 1  # as if the ticket 1 were spent on it

    repository_cancel = repository.cancel
    monkeypatch.setattr(repository, "cancel", cancel)
    answer = await client.post(f"/api/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
