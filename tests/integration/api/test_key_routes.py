"""API keys over HTTP."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from ffmill.accounts import api_keys, audit
from ffmill.accounts.model import USUAL, Account, ApiKey, Scope
from ffmill.api.admin_objects import KeyObject, NewKeyObject
from ffmill.config import Settings
from ffmill.jobs.view import timestamp
from tests.accounts import ensure

from .conftest import Service, open_service


async def make(service: Service, *scopes: Scope, account: Account | None = None) -> tuple[str, ApiKey]:
    """A key of those scopes, of our account unless another one is named."""
    async with service.parts.pool.connection() as connection:
        owner = account or service.account
        return await api_keys.create(connection, owner.id, "by hand", scopes=scopes or USUAL)


@pytest.fixture
async def writer(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that may manage its account's keys, and all else but administrate."""
    key, _ = await make(service, *(set(Scope) - {Scope.ADMIN}))
    async with service.client(key=key) as opened:
        yield opened


@pytest.fixture
async def admin(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with an administrator's key."""
    key, _ = await make(service, Scope.ADMIN)
    async with service.client(key=key) as opened:
        yield opened


@pytest.fixture
async def theirs(service: Service) -> Account:
    """Another account."""
    async with service.parts.pool.connection() as connection:
        return await ensure(connection, "theirs")


async def logged(service: Service) -> list[str]:
    """What was done, oldest first."""
    async with service.parts.pool.connection() as connection:
        return [entry.action for entry in (await audit.newest(connection, 1000))[::-1]]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


async def test_a_key_is_made_shown_once_used_and_revoked(service: Service, writer: httpx.AsyncClient) -> None:
    answer = await writer.post("/api/keys", json={"name": "my web shop"})
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()["data"]
    NewKeyObject.model_validate(made)
    assert (made["account"], made["scopes"]) == ("ours", list(USUAL))
    key = made.pop("key")
    assert key.startswith(made["prefix"])
    async with service.client(key=key) as client:
        assert (await client.get("/api/jobs")).status_code == 200
        assert (await client.get("/api/keys")).status_code == 403
        listed = (await writer.get("/api/keys")).json()["data"]
        assert key not in str(listed)
        (found,) = [item for item in listed if item["id"] == made["id"]]
        KeyObject.model_validate(found)
        assert found == {**made, "last_used_at": found["last_used_at"]}
        assert found["last_used_at"]
        revoked = (await writer.delete(f"/api/keys/{made['prefix']}")).json()["data"]
        assert revoked == {**found, "revoked_at": revoked["revoked_at"]}
        assert revoked["revoked_at"]
        assert (await client.get("/api/jobs")).status_code == 401
    assert (await writer.delete(f"/api/keys/{made['id']}")).json()["data"] == revoked
    assert await logged(service) == ["key.created", "key.revoked"]


async def test_a_key_is_revoked_in_every_process_from_the_next_request_on(settings: Settings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        key, _ = await make(one)
        admins, _ = await make(one, Scope.ADMIN)
        async with one.client(key=key) as here, other.client(key=key) as there, one.client(key=admins) as admin:
            assert [(await client.get("/api/jobs")).status_code for client in (here, there)] == [200, 200]
            assert (await admin.delete(f"/api/keys/{key[:12]}")).status_code == 200
            assert [(await client.get("/api/jobs")).status_code for client in (here, there)] == [401, 401]


async def test_a_key_ends_in_every_process_when_it_expires(settings: Settings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        admins, _ = await make(one, Scope.ADMIN)
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        async with one.client(key=admins) as admin:
            made = (await admin.post("/api/keys", json={"name": "short", "expires_at": soon})).json()["data"]
        assert made["expires_at"] == soon[:23] + "Z"
        async with one.client(key=made["key"]) as here, other.client(key=made["key"]) as there:
            assert [(await client.get("/api/jobs")).status_code for client in (here, there)] == [200, 200]
            async with one.parts.pool.connection() as connection:
                await connection.execute("UPDATE api_keys SET expires_at = now() WHERE id = %s", (made["id"],))
            assert [(await client.get("/api/jobs")).status_code for client in (here, there)] == [401, 401]


async def test_nobody_gives_a_scope_that_they_lack(service: Service, writer: httpx.AsyncClient) -> None:
    few, _ = await make(service, Scope.KEYS_WRITE, Scope.JOBS_READ)
    async with service.client(key=few) as client:
        for scopes in (["admin"], ["jobs:read", "jobs:write"]):
            answer = await client.post("/api/keys", json={"name": "x", "scopes": scopes})
            assert refusal(answer) == (403, "forbidden")
            assert scopes[-1] in answer.json()["message"]
        assert (await client.post("/api/keys", json={"name": "x"})).status_code == 403
        assert (await client.post("/api/keys", json={"name": "x", "scopes": ["jobs:read"]})).status_code == 200
    assert (await writer.post("/api/keys", json={"name": "x", "scopes": ["admin"]})).status_code == 403
    assert await logged(service) == ["key.created"]


async def test_an_administrator_gives_every_scope(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/keys", json={"name": "x", "scopes": sorted(Scope)})
    assert answer.json()["data"]["scopes"] == sorted(Scope)


async def test_whoever_manages_the_keys_of_one_account_reaches_no_other(
    service: Service, writer: httpx.AsyncClient, theirs: Account
) -> None:
    key, kept = await make(service, account=theirs)
    for named in ("theirs", str(theirs.id), "nobody", str(UUID(int=7)), "\0"):
        assert refusal(await writer.post("/api/keys", json={"name": "x", "account": named}))[0] in (400, 403)
        assert refusal(await writer.get("/api/keys", params={"account": named})) == (403, "forbidden")
    for name in (kept.prefix, str(kept.id)):
        assert refusal(await writer.delete(f"/api/keys/{name}")) == (404, "notFound")
    async with service.client(key=key) as client:
        assert (await client.get("/api/jobs")).status_code == 200
    for named in ("ours", str(service.account.id)):
        assert (await writer.get("/api/keys", params={"account": named})).status_code == 200
        assert (await writer.post("/api/keys", json={"name": "x", "account": named})).status_code == 200


async def test_an_administrator_manages_the_keys_of_any_account(
    service: Service, admin: httpx.AsyncClient, theirs: Account
) -> None:
    for named in ("theirs", str(theirs.id)):
        made = (await admin.post("/api/keys", json={"name": "x", "account": named})).json()["data"]
        assert made["account"] == "theirs"
        listed = (await admin.get("/api/keys", params={"account": named})).json()["data"]
        assert listed[-1]["id"] == made["id"]
        assert {key["account"] for key in listed} == {"theirs"}
        assert (await admin.delete(f"/api/keys/{made['prefix']}")).json()["data"]["revoked_at"]
    assert {key["account"] for key in (await admin.get("/api/keys")).json()["data"]} == {"ours"}
    for missing in ("nobody", str(UUID(int=7))):
        assert refusal(await admin.post("/api/keys", json={"name": "x", "account": missing})) == (404, "notFound")
        assert refusal(await admin.get("/api/keys", params={"account": missing})) == (404, "notFound")


@pytest.mark.parametrize("key", ["nothing", str(UUID(int=7)), "%00", "%ED%A0%80", "a%0Ab", "%25", "ffm_", "a" * 2000])
async def test_a_key_that_is_not_there_is_404(admin: httpx.AsyncClient, key: str) -> None:
    assert refusal(await admin.delete(f"/api/keys/{key}")) == (404, "notFound")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": ""}, "name: "),
        ({"name": " "}, "1 to 200 printable characters"),
        ({"name": "a\0"}, "name: must hold no NUL"),
        ({"name": "a\nb"}, "1 to 200 printable characters"),
        ({"name": "x" * 201}, "name: "),
        ({"name": None}, "name: must be a valid string"),
        ({}, "name: is required"),
        ({"admin": True}, '"admin" is not a known field'),
        ({"scopes": []}, "scopes: "),
        ({"scopes": "admin"}, "scopes: must be a valid list"),
        ({"scopes": ["jobs:delete"]}, "scopes[0]: must be 'jobs:read', "),
        ({"scopes": [None]}, "scopes[0]: "),
        ({"scopes": [["admin"]]}, "scopes[0]: "),
        ({"scopes": ["jobs:read"] * 100}, "scopes: "),
        ({"expires_at": "tomorrow"}, "expires_at: must be a time as 2026-01-31T12:00:00Z"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at: must be a time as 2026-01-31T12:00:00Z"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at: must be a time"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at: must be a time"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "must expire in the future"),
        ({"expires_at": 4_000_000_000}, "expires_at: must be a valid datetime"),
        ({"account": 7}, "account: must be a valid string"),
        ({"account": "a\0"}, "account: must hold no NUL"),
    ],
)
async def test_a_hostile_body_is_refused_and_makes_no_key(
    service: Service, admin: httpx.AsyncClient, body: dict[str, Any], words: str
) -> None:
    before = (await admin.get("/api/keys")).json()
    sent = body if "name" in body or not body else {"name": "x", **body}
    answer = await admin.post("/api/keys", json=sent)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["message"]
    assert len((await admin.get("/api/keys")).json()["data"]) == len(before["data"])
    assert await logged(service) == []


async def test_a_key_may_expire_late(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/keys", json={"name": "x", "expires_at": "8999-12-31T23:59:59Z"})
    assert answer.json()["data"]["expires_at"] == "8999-12-31T23:59:59.000Z"
    assert (await admin.get("/api/keys")).status_code == 200


async def test_a_key_revokes_none_that_may_do_more_than_itself(service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        _, admin = await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN])
        key, own = await api_keys.create(connection, service.account.id, "keys", scopes=[Scope.KEYS_WRITE])
    async with service.client(key=key) as client:
        answer = await client.delete(f"/api/keys/{admin.prefix}")
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
        assert (await client.delete(f"/api/keys/{own.prefix}")).status_code == 200


async def test_a_key_that_ends_makes_none_that_outlives_it(service: Service) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(
            connection, service.account.id, "keys", scopes=[Scope.KEYS_WRITE], expires_at=end
        )
    body = {"name": "child", "scopes": ["keys:write"]}
    async with service.client(key=key) as client:
        made = await client.post("/api/keys", json=body)
        assert made.json()["data"]["expires_at"] == timestamp(end)
        later = await client.post("/api/keys", json={**body, "expires_at": timestamp(end + timedelta(seconds=1))})
        assert (later.status_code, later.json()["errorCode"]) == (403, "forbidden")


async def test_an_administrator_names_the_account_in_the_query_as_well(service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        await ensure(connection, "theirs")
        key, own = await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN])
    async with service.client(key=key) as client:
        made = await client.post("/api/keys?account=theirs", json={"name": "for them"})
        assert made.json()["data"]["account"] == "theirs"
        assert (await client.delete(f"/api/keys/{own.prefix}?account=theirs")).status_code == 404
        prefix = made.json()["data"]["prefix"]
        assert (await client.delete(f"/api/keys/{prefix}?account=theirs")).status_code == 200
