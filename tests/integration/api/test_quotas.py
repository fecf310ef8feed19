"""Quotas over HTTP: what an account may not go beyond."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from psycopg.types.json import Json

from ffmill.accounts import repository
from ffmill.config import Settings
from tests.integration.test_ledger import write

from .conftest import PICTURE, Service


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a second pool."""
    return settings.model_copy(update={"machines": ("cpu", "big")})


async def allow(service: Service, **terms: object) -> None:
    async with service.parts.pool.connection() as connection:
        await repository.change(connection, service.account.id, terms)


async def refusal(client: httpx.AsyncClient, **fields: object) -> str:
    answer = await client.post("/api/ffmpeg", json={**PICTURE, **fields})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden"), answer.text
    return answer.json()["message"]


async def accepted(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/ffmpeg", json={**PICTURE, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def upload(client: httpx.AsyncClient, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    urls = (await client.post("/api/tmp-file")).json()["data"]
    return await client.put(urls["upload_url"], content=content)


async def test_a_month_that_is_used_up_says_when_the_next_begins(client: httpx.AsyncClient, service: Service) -> None:
    await allow(service, max_month_bytes=222)
    async with service.parts.pool.connection() as connection:
        await write(connection, service.account.id, ended_at=datetime(2001, 1, 1, tzinfo=UTC))
        await write(connection, service.account.id, ended_at=datetime.now(UTC))
    await accepted(client)
    async with service.parts.pool.connection() as connection:
        await write(connection, service.account.id, ended_at=datetime.now(UTC))
    message = await refusal(client)
    assert "moved 222 bytes this month; its quota is 222" in message
    now = datetime.now(UTC)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    assert message.endswith(f"{following:%Y-%m-%dT00:00:00}Z")


async def test_nothing_is_accepted_of_a_batch_beyond_the_quota(client: httpx.AsyncClient, service: Service) -> None:
    await allow(service, max_month_bytes=0)
    answer = await client.post(
        "/api/jobs/batch", json={"jobs": [PICTURE, PICTURE]}, headers={"Idempotency-Key": "again"}
    )
    assert answer.status_code == 403
    assert (await client.get("/api/jobs")).json()["data"] == []
    await allow(service, max_month_bytes=None)
    again = await client.post(
        "/api/jobs/batch", json={"jobs": [PICTURE, PICTURE]}, headers={"Idempotency-Key": "again"}
    )
    assert again.status_code == 200  # a refusal uses up no key


async def test_outputs_and_uploads_are_stored_together(client: httpx.AsyncClient, service: Service) -> None:
    job = await accepted(client)
    async with service.parts.pool.connection() as connection:
        await connection.execute(
            "UPDATE jobs SET status = 'succeeded', finished_at = now(), total_output_bytes = 60 WHERE id = %s",
            (job["id"],),
        )
    assert (await upload(client, b"x" * 40)).status_code == 200
    await allow(service, max_stored_bytes=100)
    assert "stores 100 bytes; its quota is 100" in await refusal(client)
    answer = await client.post("/api/tmp-file")
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
    async with service.parts.pool.connection() as connection:
        await connection.execute("UPDATE jobs SET files_deleted_at = now(), outputs = '[]' WHERE id = %s", (job["id"],))
    await accepted(client)


async def test_an_upload_has_the_room_that_is_left(client: httpx.AsyncClient, service: Service) -> None:
    async def without_length() -> AsyncIterator[bytes]:
        yield b"x" * 101

    await allow(service, max_stored_bytes=100)
    for content in (b"x" * 101, without_length()):
        answer = await upload(client, content)
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
        assert "stores 0 bytes; its quota is 100" in answer.json()["message"]
    assert (await upload(client, b"x" * 60)).status_code == 200
    assert (await upload(client, b"x" * 41)).status_code == 403
    assert (await upload(client, b"x" * 40)).status_code == 200


async def test_the_largest_input_is_the_accounts_where_its_size_is_known(
    client: httpx.AsyncClient, service: Service
) -> None:
    await allow(service, max_input_bytes=100)
    commands = ["-i {{clip}} {{card.png}}"]
    for size, status in ((100, 200), (101, 403)):
        urls = (await client.post("/api/tmp-file")).json()["data"]
        assert (await client.put(urls["upload_url"], content=b"x" * size)).status_code == 200
        asked = {**PICTURE, "input_files": {"clip": urls["download_url"]}, "ffmpeg_commands": commands}
        answer = await client.post("/api/ffmpeg", json=asked)
        assert answer.status_code == status, answer.text
    assert "clip has 101 bytes; this account's largest input is 100" in answer.json()["message"].replace('"', "")


async def test_the_largest_input_holds_for_outputs_of_other_jobs_too(
    client: httpx.AsyncClient, service: Service
) -> None:
    job = await accepted(client)
    key = f"outputs/{job['id']}/1/o.mkv"
    async with service.parts.pool.connection() as connection:
        await connection.execute(
            "UPDATE jobs SET status = 'succeeded', finished_at = now(), outputs = %s WHERE id = %s",
            (Json([{"name": "o.mkv", "key": key, "bytes": 101}]), job["id"]),
        )
    await allow(service, max_input_bytes=100)
    url = service.parts.signer.sign("GET", key, 60)
    message = await refusal(client, input_files={"i.mkv": url}, ffmpeg_commands=["-i {{i.mkv}} {{card.png}}"])
    assert "101 bytes" in message


async def test_uploads_at_once_do_not_share_the_same_room(
    client: httpx.AsyncClient, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await allow(service, max_stored_bytes=100)
    urls = [(await client.post("/api/tmp-file")).json()["data"]["upload_url"] for _ in range(2)]

    async def meanwhile() -> AsyncIterator[bytes]:
        yield b"x" * 30
        assert (await client.put(urls[1], content=b"x" * 60)).status_code == 200
        yield b"x" * 30

    answer = await client.put(urls[0], content=meanwhile())
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
    kept = [path for path in (service.parts.settings.root / "store" / "tmp").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in kept] == [60]


async def test_an_upload_whose_account_has_no_room_left_is_forbidden(
    client: httpx.AsyncClient, service: Service
) -> None:
    url = (await client.post("/api/tmp-file")).json()["data"]["upload_url"]
    await allow(service, max_stored_bytes=0)
    answer = await client.put(url, content=b"x")
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")


async def test_the_longest_job_is_the_accounts(client: httpx.AsyncClient, service: Service) -> None:
    await allow(service, max_timeout_seconds=60)
    assert "timeout_seconds: 61" in await refusal(client, timeout_seconds=61)
    assert (await accepted(client, timeout_seconds=60))["timeout_seconds"] == 60
    assert (await accepted(client))["timeout_seconds"] == 60  # what it did not ask for is no reason to refuse it
    await allow(service, max_timeout_seconds=10**9)
    assert (await accepted(client))["timeout_seconds"] == service.parts.settings.max_timeout_seconds


async def test_only_the_accounts_machines_may_be_used(client: httpx.AsyncClient, service: Service) -> None:
    await allow(service, machines=("cpu",))
    assert 'may not use the machine "big"; it may use: cpu' in await refusal(client, machine="big")
    await accepted(client)
    await accepted(client, machine="nvidia")  # falls back to the cpu, where it may run
    await allow(service, machines=("nvidia",))
    await accepted(client, machine="nvidia")  # what it may use is not there: it moves, as anybody's does
    await allow(service, machines=())
    assert "it may use: none" in await refusal(client)


async def test_in_a_batch_the_job_that_may_not_be_is_named(client: httpx.AsyncClient, service: Service) -> None:
    await allow(service, machines=("cpu",))
    answer = await client.post("/api/jobs/batch", json={"jobs": [PICTURE, {**PICTURE, "machine": "big"}]})
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("jobs[1]: ")
