"""Wait mode over a socket: headers at once, blanks, then the job; or a connection that visibly broke."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from ffmill.api.server import STOP_SECONDS, Server
from ffmill.jobs import attempts, listing, repository
from ffmill.jobs.model import Result, Status
from ffmill.worker import registry

from .conftest import PICTURE, Service

WAIT = "/api/ffmpeg?wait=true"


@pytest.fixture
async def served(service: Service) -> AsyncGenerator[tuple[httpx.AsyncClient, Server]]:
    """A client of the API on a socket, and its server."""
    async with (
        asyncio.timeout(60),
        service.served() as (host, port, server),
        service.client(f"http://{host}:{port}") as client,
    ):
        yield client, server


async def queued(service: Service) -> str:
    """The id of the only job."""
    async with service.parts.pool.connection() as connection:
        page = await listing.page(connection, service.account.id, limit=1, silent_seconds=30)
    return str(page.jobs[0].id)


async def test_the_answer_begins_at_once_and_ends_with_the_job(
    service: Service, served: tuple[httpx.AsyncClient, Server]
) -> None:
    client, _ = served
    async with client.stream("POST", WAIT, json=PICTURE) as answer:
        assert answer.status_code == 200
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.headers["content-type"] == "application/json"
        pieces = answer.aiter_raw()
        assert (await anext(pieces)).strip() == b""
        assert (await anext(pieces)).strip() == b""
        await client.post(f"/api/jobs/{await queued(service)}/cancel")
        body = b"".join([piece async for piece in pieces])
    assert json.loads(body)["data"]["status"] == "cancelled"


async def test_a_job_that_failed_is_answered_with_200(
    service: Service, served: tuple[httpx.AsyncClient, Server]
) -> None:
    client, _ = served
    async with client.stream("POST", WAIT, json=PICTURE) as answer, service.parts.pool.connection() as connection:
        worker = await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
        claimed = await attempts.claim(connection, machine="cpu", worker=worker, ticket=1)
        assert claimed
        assert claimed.wait_seconds
        await attempts.finish(connection, claimed.job, Result(status=Status.FAILED, error_message="broken"))
        job = json.loads(await answer.aread())["data"]
    assert (answer.status_code, job["status"], job["error_message"]) == (200, "failed", "broken")


async def test_a_refusal_comes_before_the_first_byte(served: tuple[httpx.AsyncClient, Server]) -> None:
    client, _ = served
    answer = await client.post(WAIT, json=PICTURE | {"ffmpeg_commands": ["-i {{nope}} {{card.png}}"]})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "badRequest")
    assert (await client.post(WAIT, content=b"{")).status_code == 400


async def test_a_client_that_hangs_up_cancels_nothing(
    service: Service, served: tuple[httpx.AsyncClient, Server]
) -> None:
    client, server = served
    async with client.stream("POST", WAIT, json=PICTURE) as answer:
        await anext(answer.aiter_raw())
    while server.server_state.tasks:
        await asyncio.wait(server.server_state.tasks)
    job = await client.get(f"/api/jobs/{await queued(service)}")
    assert job.json()["data"]["status"] == "queued"


async def test_a_job_that_vanished_breaks_the_answer_off(
    service: Service, served: tuple[httpx.AsyncClient, Server]
) -> None:
    client, _ = served
    async with client.stream("POST", WAIT, json=PICTURE) as answer:
        async with service.parts.pool.connection() as connection:
            job_id = await queued(service)
            await connection.execute("DELETE FROM jobs")
            await connection.execute("SELECT pg_notify(%s, %s)", (repository.ENDED_CHANNEL, job_id))
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await answer.aread()


async def test_a_server_that_stops_lets_its_waiting_clients_go(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        asyncio.timeout(60),
        service.served() as (host, port, server),
        service.client(f"http://{host}:{port}") as client,
        client.stream("POST", WAIT, json=PICTURE) as answer,
    ):
        server.stop()
        began = loop.time()
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await answer.aread()
        assert loop.time() - began < STOP_SECONDS
    assert not [line for line in caplog.records if line.name.startswith("uvicorn")]
    async with service.client() as client:
        assert (await client.get(f"/api/jobs/{await queued(service)}")).json()["data"]["status"] == "queued"


async def test_many_wait_at_once_through_one_listening_connection(
    service: Service, served: tuple[httpx.AsyncClient, Server]
) -> None:
    client, _ = served

    async def submit() -> Any:
        return (await client.post(WAIT, json=PICTURE)).json()["data"]["status"]

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(submit()) for _ in range(30)]
        ended = 0
        while ended < len(waiting):
            jobs = (await client.get("/api/jobs?limit=100")).json()["data"]
            open_ones = [job["id"] for job in jobs if job["status"] == "queued"]
            ended += len(open_ones)
            for job_id in open_ones:
                await client.post(f"/api/jobs/{job_id}/cancel")
        async with service.parts.pool.connection() as connection:
            cursor = await connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")
            listening = await cursor.fetchone()
    assert {task.result() for task in waiting} == {"cancelled"}
    assert listening is not None
    assert listening[0] <= 1
