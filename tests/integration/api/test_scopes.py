"""Which scope each route needs; a route that is not in this table fails."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi.routing import APIRoute

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope

from .conftest import Service

READ, WRITE, FILES = Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.FILES_WRITE
USAGE, KEYS, ADMIN = Scope.USAGE_READ, Scope.KEYS_WRITE, Scope.ADMIN

NEEDED = {
    "POST /api/ffmpeg": WRITE,
    "POST /api/jobs": WRITE,
    "POST /api/ffmpeg/validate": READ,
    "POST /api/probe": WRITE,
    "POST /api/jobs/batch": WRITE,
    "GET /api/jobs": READ,
    "GET /api/jobs/{job_id}": READ,
    "GET /api/jobs/{job_id}/logs": READ,
    "GET /api/jobs/{job_id}/events": READ,
    "GET /api/events": READ,
    "POST /api/jobs/{job_id}/cancel": WRITE,
    "DELETE /api/jobs/{job_id}/files": FILES,
    "GET /api/jobs/{job_id}/deliveries": READ,
    "POST /api/deliveries/{delivery_id}/redeliver": WRITE,
    "POST /api/tmp-file": FILES,
    "GET /api/usage": USAGE,
    "GET /api/keys": KEYS,
    "POST /api/keys": KEYS,
    "DELETE /api/keys/{key}": KEYS,
    "GET /api/webhook-secrets": KEYS,
    "POST /api/webhook-secrets": KEYS,
    "GET /api/admin/signing-keys": ADMIN,
    "POST /api/admin/signing-keys": ADMIN,
    "GET /api/admin/accounts": ADMIN,
    "POST /api/admin/accounts": ADMIN,
    "GET /api/admin/accounts/{account}": ADMIN,
    "PATCH /api/admin/accounts/{account}": ADMIN,
    "GET /api/admin/workers": ADMIN,
    "GET /api/admin/audit": ADMIN,
    "GET /metrics": ADMIN,
}
NONE = {
    *("GET /files/{key:path}", "HEAD /files/{key:path}", "PUT /files/{key:path}"),  # the signature is the permission
    *("GET /healthz", "HEAD /healthz", "GET /readyz", "HEAD /readyz"),
    *("GET /", "GET /api/openapi.json", "GET /api/docs", "GET /api/docs/style.css"),
}


@pytest.fixture
async def keyless(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client without a key."""
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


async def key_with(service: Service, scopes: set[Scope]) -> dict[str, str]:
    """The header of a key of those scopes."""
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "test", scopes=sorted(scopes))
    return {"Authorization": f"Bearer {key}"}


def test_the_table_names_every_route(service: Service) -> None:
    routes = [route for route in service.app.state.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(service.app.state.routes)
    named = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    assert named == {*NEEDED, *NONE}


@pytest.mark.parametrize("route", NEEDED)
async def test_a_key_with_all_other_scopes_is_refused(service: Service, keyless: httpx.AsyncClient, route: str) -> None:
    needed = NEEDED[route]
    answer = await ask(keyless, route, await key_with(service, set(Scope) - {needed, ADMIN}))
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
    assert f"lacks the scope {needed}" in answer.json()["message"]


@pytest.mark.parametrize("route", NEEDED)
async def test_a_key_with_the_scope_alone_and_an_administrators_are_let_in(
    service: Service, keyless: httpx.AsyncClient, route: str
) -> None:
    for scope in {NEEDED[route], ADMIN}:
        answer = await ask(keyless, route, await key_with(service, {scope}))
        assert answer.status_code in (200, 400, 404), answer.text


@pytest.mark.parametrize("route", NEEDED)
async def test_no_key_is_no_way_in(keyless: httpx.AsyncClient, route: str) -> None:
    assert (await ask(keyless, route)).status_code == 401


@pytest.mark.parametrize("route", sorted(NONE))
async def test_what_needs_no_key_asks_for_none(keyless: httpx.AsyncClient, route: str) -> None:
    answer = await ask(keyless, route)
    assert answer.status_code != 401
    assert "lacks the scope" not in answer.text


async def ask(client: httpx.AsyncClient, route: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Sends a request to a route, its path filled in with what is not there, and no body."""
    method, path = route.split()
    query = "?types=nothing" if path == "/api/events" else ""  # it would never end
    return await client.request(method, re.sub(r"\{\w+(:path)?\}", "nothing", path) + query, headers=headers)
