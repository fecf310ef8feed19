"""Probes over HTTP, with and without a worker: what is answered, and what is left."""

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.jobs import probing
from ffmill.store.store import Store
from tests.integration.wiring import Wired, wired

from .conftest import Service

URL = "https://example.org/film.mp4?sig=secret"


@pytest.fixture
async def worker(service: Service, settings: Settings) -> AsyncGenerator[Wired]:
    """A worker of the pool `cpu`."""
    async with wired(settings.model_copy(update={"sandbox": "off"}), service.parts.pool) as parts:
        yield parts


async def found(pool: Pool) -> list[dict[str, Any]]:
    """The jobs that there are."""
    columns = ("program", "status", "priority", "timeout_seconds", "attempt")
    async with pool.connection() as connection:
        asked = f"SELECT {', '.join(columns)}, wait_until IS NOT NULL FROM jobs"
        rows = await (await connection.execute(asked.encode())).fetchall()
    return [dict(zip((*columns, "waited_for"), values, strict=True)) for values in rows]


async def uploaded(client: httpx.AsyncClient, content: bytes) -> str:
    """The URL of a temporary file."""
    urls = (await client.post("/api/tmp-file")).json()["data"]
    assert (await client.put(urls["upload_url"], content=content)).status_code == 200
    return urls["download_url"]


async def probed(client: httpx.AsyncClient, worker: Wired, url: str, **fields: object) -> httpx.Response:
    """The answer, a worker being there to do it."""

    async def work() -> None:
        while not asking.done():
            await worker.attempts.work(1)
            await asyncio.wait([asking], timeout=0.02)

    asking = asyncio.ensure_future(client.post("/api/probe", json={"url": url, **fields}))
    await work()
    return await asking


def sound() -> bytes:
    """A tenth of a second of silence, as a WAV file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))
    return made.getvalue()


async def kept(store: Store) -> list[str]:
    """What of jobs lies in the store."""
    return [found.location async for page in store.list_objects("outputs/") for found in page]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "ftp://example.org/x"},
        {"url": 1},
        {"url": URL, "timeout_seconds": 51},
        {"url": URL, "timeout_seconds": 0},
        {"url": URL, "timeout_seconds": "5"},
    ],
    ids=["nothing", "another scheme", "no string", "too long", "too short", "no integer"],
)
async def test_the_wrong_shape_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post("/api/probe", json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "validationError")


async def test_a_probe_is_an_urgent_job_that_no_list_shows_and_that_ends_when_nobody_does_it(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "WAIT_SECONDS", 2)
    asking = asyncio.ensure_future(client.post("/api/probe", json={"url": URL, "timeout_seconds": 7}))
    while not (rows := await found(service.parts.pool)) and not asking.done():
        await asyncio.wait([asking], timeout=0.02)
    assert rows == [
        {
            "program": "ffprobe",
            "status": "queued",
            "priority": 10,
            "timeout_seconds": 7,
            "attempt": 0,
            "waited_for": True,
        }
    ]
    listed = (await client.get("/api/jobs")).json()
    assert (listed["data"], listed["pagingParams"]["total"]) == ([], 0)
    answer = await asking
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
    assert "was not done" in answer.json()["message"]
    assert await found(service.parts.pool) == []


async def test_a_server_that_stops_ends_its_probes(client: httpx.AsyncClient, service: Service) -> None:
    service.parts.stopping.set()
    answer = await client.post("/api/probe", json={"url": URL})
    assert answer.status_code == 503
    assert await found(service.parts.pool) == []


async def test_a_file_is_told_of_and_nothing_is_left(
    client: httpx.AsyncClient, service: Service, worker: Wired
) -> None:
    content = sound()
    answer = await probed(client, worker, await uploaded(client, content))
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["streams"][0]["codec_name"] == "pcm_s16le"
    assert "inputs/" not in answer.text
    async with service.parts.pool.connection() as connection:
        assert await (await connection.execute("SELECT FROM jobs")).fetchall() == []
        used = await (await connection.execute("SELECT input_bytes, status FROM usage")).fetchall()
    assert used == [(len(content), "succeeded")]
    assert await kept(service.parts.store) == []


async def test_what_is_no_media_is_refused(client: httpx.AsyncClient, service: Service, worker: Wired) -> None:
    answer = await probed(client, worker, await uploaded(client, b"words"))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "badRequest")
    assert answer.json()["message"].startswith("url: this is no media that FFmpeg can read: ")
    assert await kept(service.parts.store) == []


async def test_an_address_that_is_not_to_be_reached_is_refused_without_the_secrets_of_the_url(
    client: httpx.AsyncClient, worker: Wired
) -> None:
    answer = await probed(client, worker, "http://user:hidden@127.0.0.1:9/x.mp4?sig=hidden")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("url: could not be fetched: http://127.0.0.1:9/x.mp4")
    assert "hidden" not in answer.text


async def test_a_url_of_ours_without_a_file_is_refused_at_once(client: httpx.AsyncClient) -> None:
    url = (await client.post("/api/tmp-file")).json()["data"]["download_url"]
    answer = await client.post("/api/probe", json={"url": url})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "url: nothing has been uploaded to this temporary file yet; PUT to its upload_url first",
    )
