"""Secrets that sign, over HTTP: of webhooks, and of URLs in several processes."""

import base64
import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from ffmill.accounts import api_keys, audit, managing
from ffmill.accounts.model import Scope
from ffmill.api.admin_objects import SecretObject, SigningKeyObject
from ffmill.config import Settings
from ffmill.db.pool import Connection
from ffmill.store import signing_keys
from ffmill.store.signing import SigningKey

from .conftest import Service, open_service

OUTPUT = "outputs/j/1/x.mp4"


async def client_with(service: Service, scope: Scope) -> httpx.AsyncClient:
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "by hand", scopes=[scope])
    return service.client(key=key)


@pytest.fixture
async def writer(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that may manage its account's keys and secrets alone."""
    async with await client_with(service, Scope.KEYS_WRITE) as opened:
        yield opened


@pytest.fixture
async def admin(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with an administrator's key."""
    async with await client_with(service, Scope.ADMIN) as opened:
        yield opened


async def logged(service: Service) -> list[tuple[str, Any]]:
    """What was done, oldest first."""
    async with service.parts.pool.connection() as connection:
        return [(entry.action, entry.details) for entry in (await audit.newest(connection, 1000))[::-1]]


async def test_a_webhook_secret_is_rotated_with_an_overlap(service: Service, writer: httpx.AsyncClient) -> None:
    (first,) = (await writer.get("/api/webhook-secrets")).json()["data"]
    SecretObject.model_validate(first)
    assert len(base64.b64decode(first["secret"].removeprefix("whsec_"))) == 32
    assert first["expires_at"] is None
    answer = await writer.post("/api/webhook-secrets", json={"overlap_seconds": 60})
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()["data"]
    newest, old = (await writer.get("/api/webhook-secrets")).json()["data"]
    assert (newest, old) == (second, {**first, "expires_at": old["expires_at"]})
    assert old["expires_at"]
    third = (await writer.post("/api/webhook-secrets", json={"overlap_seconds": 0})).json()["data"]
    assert (await writer.get("/api/webhook-secrets")).json()["data"] == [third]
    assert [(action, details["overlap_seconds"]) for action, details in await logged(service)] == [
        ("webhook_secret.rotated", 60),
        ("webhook_secret.rotated", 0),
    ]
    text = str(await logged(service))
    assert not [item for item in (first, second, third) if item["secret"] in text]


@pytest.mark.parametrize("body", [b"", b" ", b"{}"])
async def test_a_rotation_without_a_wish_overlaps_for_a_day(
    service: Service, writer: httpx.AsyncClient, body: bytes
) -> None:
    assert (await writer.post("/api/webhook-secrets", content=body)).status_code == 200
    ((_, details),) = await logged(service)
    assert details["overlap_seconds"] == 86_400


async def test_accounts_have_secrets_of_their_own(
    service: Service, writer: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/api/webhook-secrets")).status_code == 403
    ours = (await writer.get("/api/webhook-secrets")).json()["data"]
    async with service.parts.pool.connection() as connection:
        theirs = await managing.account_named(connection, "theirs")
        key, _ = await api_keys.create(connection, theirs.id, "k", scopes=[Scope.KEYS_WRITE])
    async with service.client(key=key) as client:
        assert (await client.post("/api/webhook-secrets")).status_code == 200
    assert (await writer.get("/api/webhook-secrets")).json()["data"] == ours


@pytest.mark.parametrize(
    "body",
    [{"overlap_seconds": value} for value in (-1, 2_592_001, 1.5, "1", True, None, 10**400)]
    + [{"overlap": 1}, [], "x", {"at_once": 1}],
)
async def test_a_hostile_body_rotates_nothing(
    service: Service, writer: httpx.AsyncClient, admin: httpx.AsyncClient, body: Any
) -> None:
    before = (await writer.get("/api/webhook-secrets")).json(), (await admin.get("/api/admin/signing-keys")).json()
    for client, path in ((writer, "/api/webhook-secrets"), (admin, "/api/admin/signing-keys")):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "validationError")
    after = (await writer.get("/api/webhook-secrets")).json(), (await admin.get("/api/admin/signing-keys")).json()
    assert after == before
    assert await logged(service) == []


async def test_signing_keys_are_told_by_id_and_age_alone(service: Service, admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/api/admin/signing-keys")).json()["data"]
    listed = (await admin.get("/api/admin/signing-keys")).json()["data"]
    newest, _ = (SigningKeyObject.model_validate(key) for key in listed)
    assert newest.id == made["id"]
    assert all(key.keys() == {"id", "created_at"} for key in listed)
    assert await logged(service) == [("signing_key.rotated", {"at_once": False})]


async def put_output(service: Service) -> None:
    """An output in the store that both services share."""

    async def chunks() -> AsyncGenerator[bytes]:
        yield b"x"

    await service.parts.store.put_stream(OUTPUT, chunks(), 10)


def path_of(service: Service) -> str:
    """A download URL of the output, signed by that service, as its path and query."""
    url = service.parts.signer.sign("GET", OUTPUT, 60)
    return url[url.index("/files/") :]


async def test_after_a_rotation_urls_of_before_and_of_now_are_valid_in_every_process(settings: Settings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        await put_output(one)
        before = path_of(one)
        async with await client_with(one, Scope.ADMIN) as here, other.client() as there:
            kid = (await here.post("/api/admin/signing-keys")).json()["data"]["id"]
            now = path_of(one)
            assert f"kid={kid}" in now
            for path in (now, before):
                for client in (there, here):
                    assert (await client.get(path)).status_code == 200
            assert f"kid={kid}" in path_of(other)  # which has read it with that URL


async def test_a_job_may_read_a_file_by_a_key_of_another_process(settings: Settings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        async with await client_with(one, Scope.ADMIN) as here, other.client() as there:
            await here.post("/api/admin/signing-keys")
            urls = (await here.post("/api/tmp-file")).json()["data"]
            path = urls["upload_url"][urls["upload_url"].index("/files/") :]
            assert (await there.put(path, content=b"x")).status_code == 200
            job = {
                "input_files": {"a": urls["download_url"]},
                "output_files": ["b.png"],
                "ffmpeg_command": "-i {{a}} {{b.png}}",
            }
            made = (await there.post("/api/jobs", json=job)).json()["data"]
        async with one.parts.pool.connection() as connection:
            row = await (
                await connection.execute("SELECT jobs::text FROM jobs WHERE id = %s", (made["id"],))
            ).fetchone()
        assert row
        assert re.search(r"tmp/[0-9a-f-]{36}/[0-9a-f-]{36}", row[0]), "it is not known as a file of ours"


async def test_at_once_every_url_of_before_stops_in_every_process(settings: Settings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        await put_output(one)
        before = path_of(one)
        async with await client_with(one, Scope.ADMIN) as here, other.client() as there:
            assert (await there.get(before)).status_code == 200
            made = (await here.post("/api/admin/signing-keys", json={"at_once": True})).json()["data"]
            assert (await here.get(before)).status_code == 403
            await other.parts.keyring.step()  # as it does by itself within seconds
            assert (await there.get(before)).status_code == 403
            for service in (one, other):
                assert f"kid={made['id']}" in path_of(service)
                assert (await there.get(path_of(service))).status_code == 200
        assert await logged(one) == [("signing_key.rotated", {"at_once": True})]


async def test_a_key_that_cannot_be_looked_for_is_503_and_those_at_hand_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put_output(service)
    path = path_of(service)
    kid = path[path.index("kid=") + 4 :].split("&")[0]

    async def broken(_: Connection) -> list[SigningKey]:
        raise RuntimeError("a bug, even")

    monkeypatch.setattr(signing_keys, "load", broken)
    async with service.client() as client:
        answer = await client.get(path.replace(kid, "0" * len(kid)))
        assert (answer.status_code, answer.json()["errorCode"]) == (503, "unavailable")
        assert (await client.get(path)).status_code == 200
