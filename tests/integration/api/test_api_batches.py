"""Many jobs at once, requests that are repeated, lists by what is asked for, and the workers."""

import asyncio
from typing import Any

import httpx
import pytest

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope
from ffmill.api.objects import BatchAnswer, JobListAnswer, WorkersAnswer
from ffmill.worker import registry
from tests.integration.api.conftest import Service
from tests.integration.api.test_api_jobs import PICTURE, create, refusal

KEY = {"Idempotency-Key": "order-17"}


async def batch(client: httpx.AsyncClient, *jobs: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post("/api/jobs/batch", json={"jobs": jobs}, headers=headers)


async def total(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/jobs?limit=1")).json()["pagingParams"]["total"]


async def listed(client: httpx.AsyncClient, **query: str) -> JobListAnswer:
    return JobListAnswer.model_validate((await client.get("/api/jobs", params=query)).json())


async def test_a_batch_gives_whole_jobs_in_their_order(client: httpx.AsyncClient) -> None:
    answer = await batch(client, *(PICTURE | {"metadata": {"n": str(n)}} for n in range(3)))
    jobs = BatchAnswer.model_validate(answer.json()).data
    assert [job.metadata for job in jobs] == [{"n": "0"}, {"n": "1"}, {"n": "2"}]
    newest_first = await listed(client)
    assert [job.id for job in newest_first.data] == [job.id for job in jobs][::-1]


async def test_a_batch_with_one_bad_job_makes_none_and_names_it(client: httpx.AsyncClient) -> None:
    bad = PICTURE | {"ffmpeg_commands": ["-i {{nothing.mp4}} {{card.png}}"]}
    status, code, message = refusal(await batch(client, PICTURE, bad))
    assert (status, code) == (400, "badRequest")
    assert message.startswith("jobs[1]: ")
    status, code, message = refusal(await batch(client, PICTURE, PICTURE, {"output_files": 1}))
    assert (status, code) == (400, "validationError")
    assert message.startswith("jobs[2].output_files: ")
    assert await total(client) == 0


@pytest.mark.parametrize("jobs", [None, [], {}, [1], "x"])
async def test_what_is_no_batch_is_refused(client: httpx.AsyncClient, jobs: object) -> None:
    assert refusal(await client.post("/api/jobs/batch", json={"jobs": jobs}))[:2] == (400, "validationError")


async def test_a_repeated_request_gives_the_first_job_again(client: httpx.AsyncClient) -> None:
    first = await client.post("/api/ffmpeg", json=PICTURE, headers=KEY)
    again = await client.post("/api/jobs", json=dict(reversed(PICTURE.items())), headers=KEY)
    assert first.json()["data"]["id"] == again.json()["data"]["id"]
    assert await total(client) == 1


async def test_a_repeated_batch_gives_the_first_jobs_again(client: httpx.AsyncClient) -> None:
    answers = [await batch(client, PICTURE, PICTURE, **KEY) for _ in range(2)]
    first, again = ([job["id"] for job in answer.json()["data"]] for answer in answers)
    assert first == again
    assert await total(client) == 2


async def test_requests_under_one_key_at_once_make_one_job(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/ffmpeg", json=PICTURE, headers=KEY) for _ in range(5)))
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert await total(client) == 1


async def test_a_key_used_for_another_body_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post("/api/ffmpeg", json=PICTURE, headers=KEY)
    status, code, message = refusal(await client.post("/api/ffmpeg", json=PICTURE | {"priority": 1}, headers=KEY))
    assert (status, code) == (409, "conflict")
    assert "order-17" in message
    assert await total(client) == 1


async def test_a_key_belongs_to_its_account_and_lasts_a_day(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, service: Service
) -> None:
    answers = [await each.post("/api/ffmpeg", json=PICTURE, headers=KEY) for each in (client, stranger)]
    async with service.parts.pool.connection() as connection:
        await connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    answers.append(await client.post("/api/ffmpeg", json=PICTURE | {"priority": 1}, headers=KEY))
    assert len({answer.json()["data"]["id"] for answer in answers}) == 3


async def test_a_refused_request_leaves_its_key_free(client: httpx.AsyncClient) -> None:
    bad = PICTURE | {"machine": "abacus"}
    status, code, message = refusal(await client.post("/api/ffmpeg", json=bad, headers=KEY))
    assert (status, code) == (400, "badRequest")
    assert message == 'there is no machine "abacus" here; there are: cpu'
    assert (await client.post("/api/ffmpeg", json=PICTURE, headers=KEY)).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "é"])
async def test_a_key_that_cannot_be_is_refused(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post("/api/ffmpeg", json=PICTURE, headers=[(b"Idempotency-Key", key.encode())])
    assert refusal(answer)[:2] == (400, "validationError")


async def test_lists_go_from_cursor_to_cursor_past_new_jobs(client: httpx.AsyncClient) -> None:
    ids = [job["id"] for job in (await batch(client, *[PICTURE] * 5)).json()["data"]][::-1]
    page = await listed(client, limit="2")
    seen = [job.id for job in page.data]
    while page.pagingParams.nextCursor:
        await create(client)
        page = await listed(client, limit="2", cursor=page.pagingParams.nextCursor)
        seen += [job.id for job in page.data]
    assert seen == ids


@pytest.mark.parametrize("cursor", ["", "x", "MjAyNg", "\x00", "MjAyNi0xMS0yNCAxMjM"])
async def test_a_cursor_that_is_none_of_ours_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    assert refusal(await client.get("/api/jobs", params={"cursor": cursor}))[:2] == (400, "validationError")


async def test_a_cursor_and_an_offset_exclude_each_other(client: httpx.AsyncClient) -> None:
    await batch(client, PICTURE, PICTURE)
    page = await listed(client, limit="1")
    query = {"cursor": page.pagingParams.nextCursor or "", "offset": "0"}
    assert refusal(await client.get("/api/jobs", params=query))[:2] == (400, "validationError")


async def test_jobs_are_listed_by_what_is_asked_for(client: httpx.AsyncClient) -> None:
    red, blue = [
        await create(client, metadata={"colour": colour, "size": "L"}, priority=1) for colour in ("red", "blue")
    ]
    await client.post(f"/api/jobs/{blue['id']}/cancel")
    assert red["metadata"] == {"colour": "red", "size": "L"}
    assert red["priority"] == 1
    wanted: list[tuple[dict[str, str], list[str]]] = [
        ({"status": "cancelled"}, [blue["id"]]),
        ({"metadata.colour": "red", "metadata.size": "L"}, [red["id"]]),
        ({"metadata.colour": "green"}, []),
        ({"machine": "cpu"}, [blue["id"], red["id"]]),
        ({"machine": "nvidia"}, []),
        ({"created_from": blue["created_at"], "status": "queued"}, []),
        ({"created_before": "2020-01-01T00:00:00Z"}, []),
        ({"created_from": "2020-01-01T00:00:00+02:00"}, [blue["id"], red["id"]]),
    ]
    for query, ids in wanted:
        page = await listed(client, **query)
        assert [job.id for job in page.data] == ids, query
        assert page.pagingParams.total == len(ids)


@pytest.mark.parametrize(
    "query", [{"status": "done"}, {"created_from": "yesterday"}, {"created_before": "2026-01-01"}, {"machine": "\x00"}]
)
async def test_a_filter_that_cannot_be_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert refusal(await client.get("/api/jobs", params=query))[:2] == (400, "validationError")


async def test_a_queued_job_says_whether_its_machine_has_a_worker(client: httpx.AsyncClient, service: Service) -> None:
    job = await create(client)
    assert "no worker of the machine cpu" in job["status_detail"]
    async with service.parts.pool.connection() as connection:
        await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
    assert (await client.get(f"/api/jobs/{job['id']}")).json()["data"]["status_detail"] is None
    assert (await listed(client)).data[0].status_detail is None


async def test_an_administrator_sees_the_workers(client: httpx.AsyncClient, service: Service) -> None:
    newcomer = registry.Registration(name="w", machine="cpu", concurrency=3, ffmpeg_version="9.0.2", sandbox="full")
    async with service.parts.pool.connection() as connection:
        await registry.register(connection, newcomer)
        key, _ = await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN])
    assert refusal(await client.get("/api/admin/workers"))[:2] == (403, "forbidden")
    answer = await client.get("/api/admin/workers", headers={"Authorization": f"Bearer {key}"})
    (worker,) = WorkersAnswer.model_validate(answer.json()).data
    assert (worker.name, worker.machine, worker.concurrency) == ("w", "cpu", 3)
    assert (worker.ffmpeg_version, worker.sandbox) == ("9.0.2", "full")
    assert worker.live
    assert worker.jobs == []
