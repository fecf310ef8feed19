"""`/metrics` over HTTP: who may read it, and what it tells of requests, with the database and without."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope
from ffmill.config import Settings
from ffmill.db.pool import LendingPool
from ffmill.metrics import metrics, watchers
from ffmill.metrics.watchers import Watchers
from tests.docs_pages import ROOT
from tests.integration.outages import silenced
from tests.integration.test_metrics import samples

from .conftest import PICTURE, Service, open_service

REQUESTS = "ffmill_http_request_seconds_count"


@pytest.fixture
async def watcher(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with an administrator's key."""
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "watcher", scopes=[Scope.ADMIN])
    async with service.client(key=key) as opened:
        yield opened


@pytest.fixture
async def opened(settings: Settings) -> AsyncGenerator[Service]:
    """An API whose metrics are open."""
    async with open_service(settings.model_copy(update={"metrics": "open"})) as service:
        yield service


async def test_an_administrators_key_reads_them_in_prometheus_text_format(watcher: httpx.AsyncClient) -> None:
    answer = await watcher.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (200, metrics.CONTENT_TYPE)
    assert samples(answer.content)["ffmill_up_database{}"] == 1


async def test_without_a_key_they_are_401_and_with_another_key_403(service: Service, client: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service.app), base_url="http://api.test") as nobody:
        answer = await nobody.get("/metrics")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "badApiKey")
    answer = await client.get("/metrics")
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")


async def test_open_they_need_no_key_and_closed_they_are_not_there(opened: Service, settings: Settings) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=opened.app), base_url="http://api.test") as nobody:
        assert (await nobody.get("/metrics")).status_code == 200
    async with open_service(settings.model_copy(update={"metrics": "off"})) as closed, closed.client() as client:
        answer = await client.get("/metrics")
        missing = await client.get("/nothing")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "notFound")
    assert answer.json()["message"] == missing.json()["message"].replace("/nothing", "/metrics")


async def test_a_watcher_is_counted_as_any_caller(settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit": 1})
    async with open_service(limited) as service:
        async with service.parts.pool.connection() as connection:
            key, _ = await api_keys.create(connection, service.account.id, "watcher", scopes=[Scope.ADMIN])
        async with service.client(key=key) as client:
            answers = [await client.get("/metrics") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-limit"] == "1"


async def test_requests_are_told_of_by_the_template_of_their_route(
    client: httpx.AsyncClient, watcher: httpx.AsyncClient
) -> None:
    job = (await client.post("/api/ffmpeg", json=PICTURE)).json()["data"]["id"]
    for path in (f"/api/jobs/{job}", f"/api//jobs/{job}", "/api/jobs/7", "/api/nothing/17", "/secret-of-a-client"):
        await client.get(path)
    text = (await watcher.get("/metrics")).content
    found = samples(text)
    told = {name: value for name, value in found.items() if name.startswith(REQUESTS)}
    assert told == {
        f"{REQUESTS}{{method=POST,route=/api/ffmpeg,status=200}}": 1,
        f"{REQUESTS}{{method=GET,route=/api/jobs/{{job_id}},status=200}}": 2,
        f"{REQUESTS}{{method=GET,route=/api/jobs/{{job_id}},status=404}}": 1,
        f"{REQUESTS}{{method=GET,route=unmatched,status=404}}": 2,
    }
    assert b"secret" not in text
    assert job.encode() not in text


async def test_each_app_has_metrics_of_its_own(service: Service, opened: Service) -> None:
    async with service.client() as one, opened.client() as other:
        await one.get("/healthz")
        text = (await other.get("/metrics")).text
    assert "/healthz" not in text


@pytest.fixture
def impatient(service: Service) -> Service:
    """The API, whose database is used for a moment at most."""
    assert isinstance(service.parts.pool, LendingPool)
    service.parts.pool.use_seconds = 0.1
    return service


async def test_without_the_database_a_watcher_is_told_what_the_process_knows(
    impatient: Service, watcher: httpx.AsyncClient, database_url: str
) -> None:
    assert impatient.parts.settings.metrics == "key"
    await watcher.get("/metrics")
    with silenced(database_url):
        answer = await watcher.get("/metrics")
    assert answer.status_code == 200
    found = samples(answer.content)
    assert found["ffmill_up_database{}"] == 0
    assert found[f"{REQUESTS}{{method=GET,route=/metrics,status=200}}"] == 1
    assert samples((await watcher.get("/metrics")).content)["ffmill_up_database{}"] == 1


async def test_without_the_database_a_key_that_has_not_read_them_is_503(
    impatient: Service, watcher: httpx.AsyncClient, database_url: str
) -> None:
    del impatient
    with silenced(database_url):
        answer = await watcher.get("/metrics")
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")


async def test_without_the_database_a_key_that_was_refused_is_no_watchers_any_more(
    impatient: Service, watcher: httpx.AsyncClient, database_url: str
) -> None:
    await watcher.get("/metrics")
    async with impatient.parts.pool.connection() as connection:
        await connection.execute("UPDATE api_keys SET revoked_at = now()")
    assert (await watcher.get("/metrics")).status_code == 401
    with silenced(database_url):
        assert (await watcher.get("/metrics")).status_code == 503


async def test_open_metrics_are_told_without_the_database(
    opened: Service, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "READ_SECONDS", 0.1)
    with silenced(database_url):
        async with opened.client() as client:
            answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert samples(answer.content)["ffmill_up_database{}"] == 0


def test_a_watcher_is_remembered_for_an_hour_and_so_are_few() -> None:
    now = 0.0
    known = Watchers(clock=lambda: now)
    known.remember("a")
    now = watchers.REMEMBERED_SECONDS
    assert not known.know("a")
    for number in range(watchers.MOST + 1):
        known.remember(str(number))
    assert [known.know(key) for key in ("0", "1", str(watchers.MOST))] == [False, True, True]


def test_the_reference_says_that_they_need_a_key(service: Service) -> None:
    operation: dict[str, Any] = service.app.openapi()["paths"]["/metrics"]["get"]
    assert operation["security"] == [{"ApiKey": []}]
    assert {"200", "401", "403", "404", "429"} <= set(operation["responses"])


async def test_the_page_has_every_metric_and_no_other(watcher: httpx.AsyncClient) -> None:
    text = (await watcher.get("/metrics")).text
    kinds = {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in text_string_to_metric_families(text)
    }
    assert documented(ROOT / "docs" / "monitoring.md") == kinds


def documented(page: Path) -> dict[str, str]:
    """The metrics in the tables of the page, by name, with their type."""
    rows = re.findall(r"^\| `(ffmill_\w+)` \| (\w+) \|", page.read_text(), re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return dict(rows)
