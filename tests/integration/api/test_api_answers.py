"""What holds for every route: keys, errors, ids of requests, health, CORS."""

from typing import Any

import httpx
import psycopg
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from ffmill.accounts import api_keys, callers
from ffmill.api.app import create_app
from ffmill.api.objects import ReadyAnswer, UnreadyAnswer
from ffmill.config import Settings
from ffmill.worker import registry

from .conftest import PICTURE, Service

GUARDED = [
    ("POST", "/api/ffmpeg"),
    ("POST", "/api/jobs"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/1"),
    ("POST", "/api/jobs/1/cancel"),
    ("GET", "/api/jobs/1/logs"),
    ("POST", "/api/tmp-file"),
]
KEYS = [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer nope", f"Bearer ffm_{'A' * 43}", "ffm_x", "Bearer \xff"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("header", KEYS)
async def test_no_route_answers_without_a_good_key(
    service: Service, method: str, path: str, header: str | None
) -> None:
    transport = httpx.ASGITransport(app=service.app)
    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        answer = await client.request(method, path, headers=headers, content=b"no json")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "badApiKey")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_scheme_of_the_key_is_read_in_any_case(service: Service) -> None:
    async with service.client() as client:
        for scheme in ("bearer", "BEARER"):
            answer = await client.get("/api/jobs", headers={"Authorization": f"{scheme} {service.key}"})
            assert answer.status_code == 200


async def test_a_revoked_key_is_refused_from_the_next_request_on(service: Service, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/jobs")).status_code == 200
    async with service.parts.pool.connection() as connection:
        await api_keys.revoke(connection, service.key[:12])
    assert (await client.get("/api/jobs")).status_code == 401


async def test_a_key_in_the_query_or_a_cookie_is_no_key(service: Service) -> None:
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        for header in ({}, {"Cookie": f"key={service.key}"}, {"X-Api-Key": service.key}):
            answer = await client.get(f"/api/jobs?api_key={service.key}", headers=header)
            assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "notFound"),
        ("GET", "/nothing", 404, "notFound"),
        ("DELETE", "/api/jobs", 405, "badRequest"),
        ("GET", "/api/ffmpeg", 405, "badRequest"),
        ("GET", "/api/jobs/1/cancel", 405, "badRequest"),
    ],
)
async def test_unknown_routes_and_methods_need_no_key(
    service: Service, method: str, path: str, status: int, code: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service.app), base_url="http://api.test") as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/api/jobs", "GET, POST"), ("/api/ffmpeg", "POST"), ("/healthz", "GET, HEAD"), ("/files/a", "GET, HEAD, PUT")],
)
async def test_a_method_that_is_not_taken_is_told_those_that_are(
    client: httpx.AsyncClient, path: str, methods: str
) -> None:
    answer = await client.delete(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["message"] == f"{path} takes {methods}, not DELETE"


async def test_a_bug_is_a_500_that_says_under_which_id_it_was_logged(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(callers, "call", broken)
    with capture_logs([merge_contextvars]) as lines:
        answer = await client.get("/api/jobs")
    assert (answer.status_code, answer.json()["errorCode"]) == (500, "unknownError")
    assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["a request failed", "request"]
    assert {line["request_id"] for line in lines} == {answer.headers["x-request-id"]}


async def test_a_request_is_logged_without_its_query_and_its_key(service: Service, client: httpx.AsyncClient) -> None:
    with capture_logs([merge_contextvars]) as lines:
        answer = await client.get("/files/a%0Ab?sig=secret")
    (line,) = lines
    assert (line["method"], line["path"], line["status"]) == ("GET", "/files/a%0Ab", answer.status_code)
    assert "secret" not in str(line)
    assert service.key not in str(line)


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError, psycopg.errors.QueryCanceled, psycopg.errors.AdminShutdown]
)
async def test_a_database_that_fails_is_503(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def broken(*_: Any) -> None:
        raise error("connection to 10.0.0.1 failed")

    monkeypatch.setattr(callers, "call", broken)
    answer = await client.post("/api/ffmpeg", json=PICTURE)
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
    assert "10.0.0.1" not in answer.text
    assert answer.headers["retry-after"] == "1"


async def test_a_closed_pool_is_503(service: Service, client: httpx.AsyncClient) -> None:
    await service.parts.pool.close()
    assert (await client.get("/api/jobs")).status_code == 503
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] is False


async def test_the_process_is_up(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.head("/healthz")).status_code == 200


async def test_readiness_says_what_is_missing(service: Service, client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    unready = UnreadyAnswer.model_validate(answer.json())
    assert unready.message == "not ready: no live worker in the pool cpu"
    assert unready.checks.model_dump() == {"database": True, "store": True, "workers": {"cpu": 0}}
    async with service.parts.pool.connection() as connection:
        await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ReadyAnswer.model_validate(ready.json()).checks.workers == {"cpu": 1}


async def test_there_is_no_cors_unless_the_operator_names_origins(service: Service, client: httpx.AsyncClient) -> None:
    origin = {"Origin": "https://app.example.org"}
    assert "access-control-allow-origin" not in (await client.get("/api/jobs", headers=origin)).headers
    settings = Settings(cors_origins=("https://app.example.org",))
    object.__setattr__(service.parts, "settings", settings)
    transport = httpx.ASGITransport(app=create_app(service.parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as browser:
        answer = await browser.get("/api/jobs", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
        other = await browser.get("/api/jobs", headers={"Origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in other.headers
