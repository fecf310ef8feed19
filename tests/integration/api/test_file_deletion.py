"""Deleting the files of a job over HTTP: gone at once, said in the job, and named by whoever still needed them."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope
from ffmill.config import Settings
from ffmill.jobs.model import Job, Status
from ffmill.retention.expiry import Expiry
from ffmill.store.store import Store, open_store
from ffmill.worker.attempt import Attempts
from tests.integration.kept import ended, objects, put, uploaded
from tests.integration.wiring import wired

from .conftest import PICTURE, Service, open_service

Json = dict[str, Any]


async def made(service: Service, *names: str, status: Status = Status.SUCCEEDED) -> Job:
    """A job of ours that has ended."""
    async with service.parts.pool.connection() as connection:
        return await ended(connection, service.parts.store, service.account.id, *names, status=status)


async def data(client: httpx.AsyncClient, method: str, path: str) -> Json:
    answer = await client.request(method, path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def local(url: str) -> str:
    return "/files/" + url.split("/files/", 1)[1]


def reads(url: str) -> Json:
    """A job that reads the file behind this URL."""
    return {
        "input_files": {"in.mp4": url},
        "output_files": ["o.mkv"],
        "ffmpeg_commands": ["-i {{in.mp4}} -c copy {{o.mkv}}"],
    }


async def test_the_files_of_a_job_are_deleted_at_once(client: httpx.AsyncClient, service: Service) -> None:
    job = await made(service, "a.mp4", "b#1")
    other = await made(service, "c.mp4")
    before = await data(client, "GET", f"/api/jobs/{job.id}")
    assert before["files_deleted_at"] is None
    assert (await client.get(local(before["output_files"]["a.mp4"]))).status_code == 200
    after = await data(client, "DELETE", f"/api/jobs/{job.id}/files")
    assert after["output_files"] == {}
    assert after["files_deleted_at"] == after["updated_at"] > before["updated_at"]
    changed = {"output_files", "files_deleted_at", "updated_at"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    for url in before["output_files"].values():
        assert refusal(await client.get(local(url))) == (404, "notFound")
    assert await objects(service.parts.store) == [other.outputs[0].key]
    assert await data(client, "GET", f"/api/jobs/{job.id}") == after


async def test_asked_for_again_nothing_changes(client: httpx.AsyncClient, service: Service) -> None:
    job = await made(service, "a.mp4")
    first = await data(client, "DELETE", f"/api/jobs/{job.id}/files")
    assert await data(client, "DELETE", f"/api/jobs/{job.id}/files") == first


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
async def test_a_job_without_outputs_has_none_to_delete(
    client: httpx.AsyncClient, service: Service, status: Status
) -> None:
    job = await made(service, status=status)
    answer = await data(client, "DELETE", f"/api/jobs/{job.id}/files")
    assert (answer["status"], answer["output_files"]) == (status.value, {})
    assert answer["files_deleted_at"] is not None


async def test_a_job_that_has_not_ended_must_be_cancelled_first(client: httpx.AsyncClient) -> None:
    job = (await client.post("/api/ffmpeg", json=PICTURE)).json()["data"]
    answer = await client.delete(f"/api/jobs/{job['id']}/files")
    assert refusal(answer) == (409, "conflict")
    assert "cancel it first" in answer.json()["message"]
    await data(client, "POST", f"/api/jobs/{job['id']}/cancel")
    assert (await data(client, "DELETE", f"/api/jobs/{job['id']}/files"))["files_deleted_at"]


async def test_only_an_account_itself_deletes_its_files(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, service: Service
) -> None:
    job = await made(service, "a.mp4")
    assert refusal(await stranger.delete(f"/api/jobs/{job.id}/files")) == (404, "notFound")
    assert await objects(service.parts.store) == [job.outputs[0].key]
    for nobody in (uuid4(), "none", "%00"):
        assert refusal(await client.delete(f"/api/jobs/{nobody}/files")) == (404, "notFound")


async def test_a_key_needs_the_scope(service: Service) -> None:
    job = await made(service, "a.mp4")
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(
            connection, service.account.id, "reader", scopes=(Scope.JOBS_READ, Scope.JOBS_WRITE)
        )
    async with service.client(key=key) as client:
        assert refusal(await client.delete(f"/api/jobs/{job.id}/files")) == (403, "forbidden")


async def test_expired_outputs_look_the_same(client: httpx.AsyncClient, service: Service) -> None:
    job = await made(service, "a.mp4")
    url = (await data(client, "GET", f"/api/jobs/{job.id}"))["output_files"]["a.mp4"]
    async with service.parts.pool.connection() as connection:
        await connection.execute("UPDATE jobs SET finished_at = now() - interval '31 days'")
    await Expiry(service.parts.settings, service.parts.pool, service.parts.store).run()
    answer = await data(client, "GET", f"/api/jobs/{job.id}")
    assert answer["output_files"] == {}
    assert answer["files_deleted_at"] is not None
    assert refusal(await client.get(local(url))) == (404, "notFound")
    [listed] = await data(client, "GET", "/api/jobs")
    assert listed == answer


# a store that cannot be reached


@pytest.fixture
async def cut_off(settings: Settings) -> AsyncGenerator[Service]:
    """The API on a store that is not there."""
    keys = {"s3_access_key_id": "a", "s3_secret_access_key": "b", "s3_endpoint": "http://127.0.0.1:1"}
    gone = Settings.model_validate({**settings.model_dump(), "store_url": "s3://bucket/x", **keys})
    async with open_service(gone) as opened:
        yield opened


async def test_without_a_store_the_files_are_no_longer_the_jobs_and_go_later(
    cut_off: Service, settings: Settings
) -> None:
    store = open_store(settings)
    async with cut_off.parts.pool.connection() as connection:
        job = await ended(connection, store, cut_off.account.id, "a.mp4")
    async with cut_off.client() as client:
        for _ in range(2):
            assert refusal(await client.delete(f"/api/jobs/{job.id}/files")) == (503, "unavailable")
        answer = await data(client, "GET", f"/api/jobs/{job.id}")
    assert answer["output_files"] == {}
    assert answer["files_deleted_at"] is not None
    assert await objects(store) == [job.outputs[0].key]
    await Expiry(settings, cut_off.parts.pool, store).run()
    assert await objects(store) == []


# who still needed them


async def test_a_deleted_file_is_no_input_any_more(client: httpx.AsyncClient, service: Service) -> None:
    job = await made(service, "a.mp4")
    url = (await data(client, "GET", f"/api/jobs/{job.id}"))["output_files"]["a.mp4"]
    assert (await client.post("/api/ffmpeg", json=reads(url))).status_code == 200
    await data(client, "DELETE", f"/api/jobs/{job.id}/files")
    for path, body in (("/api/ffmpeg", reads(url)), ("/api/jobs/batch", {"jobs": [PICTURE, reads(url)]})):
        answer = await client.post(path, json=body)
        assert refusal(answer) == (400, "badRequest")
        assert answer.json()["message"] == 'input_files: "in.mp4": the file behind this URL has been deleted'


async def test_a_deleted_temporary_file_is_no_input_any_more(client: httpx.AsyncClient, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        file_id, _ = await uploaded(connection, service.parts.store, service.account.id)
        url = service.parts.signer.sign("GET", f"tmp/{file_id}", 60)
        assert (await client.post("/api/ffmpeg", json=reads(url))).status_code == 200
        rows = await (await connection.execute("SELECT owner_id FROM file_references")).fetchall()
        assert rows == [(file_id,)]
        await connection.execute("DELETE FROM tmp_files")
    answer = await client.post("/api/ffmpeg", json=reads(url))
    assert refusal(answer) == (400, "badRequest")
    assert '"in.mp4"' in answer.json()["message"]


@pytest.fixture
async def worker(service: Service) -> AsyncGenerator[Attempts]:
    """A worker of the same service."""
    settings = service.parts.settings.model_copy(update={"sandbox": "off", "concurrency": 1})
    async with wired(settings, service.parts.pool) as parts:
        yield parts.attempts


async def test_a_job_that_waits_to_read_a_deleted_file_fails_and_names_it(
    client: httpx.AsyncClient, service: Service, worker: Attempts
) -> None:
    job = await made(service, "a.mp4")
    url = (await data(client, "GET", f"/api/jobs/{job.id}"))["output_files"]["a.mp4"]
    waiting = (await client.post("/api/ffmpeg", json=reads(url))).json()["data"]
    await data(client, "DELETE", f"/api/jobs/{job.id}/files")
    await worker.work(1)
    failed = await data(client, "GET", f"/api/jobs/{waiting['id']}")
    assert failed["status"] == "failed"
    assert failed["error_message"] == 'input "in.mp4" could not be read: the file behind its URL has been deleted'


async def test_a_job_that_waits_keeps_an_input_whose_time_is_over(
    client: httpx.AsyncClient, service: Service, worker: Attempts
) -> None:
    picture = (await client.post("/api/ffmpeg", json=PICTURE)).json()["data"]
    await worker.work(1)
    url = (await data(client, "GET", f"/api/jobs/{picture['id']}"))["output_files"]["card.png"]
    waiting = (await client.post("/api/ffmpeg", json=reads(url))).json()["data"]
    expiry = Expiry(service.parts.settings, service.parts.pool, service.parts.store)
    async with service.parts.pool.connection() as connection:
        await connection.execute(
            "UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = %s", (picture["id"],)
        )
    await expiry.run()
    await worker.work(2)
    assert (await data(client, "GET", f"/api/jobs/{waiting['id']}"))["status"] == "succeeded"
    await expiry.run()
    assert (await data(client, "GET", f"/api/jobs/{picture['id']}"))["output_files"] == {}


async def test_an_upload_that_is_late_is_not_kept(client: httpx.AsyncClient, service: Service) -> None:
    store: Store = service.parts.store
    answer = (await client.post("/api/tmp-file")).json()["data"]
    async with service.parts.pool.connection() as connection:
        await connection.execute("UPDATE tmp_files SET created_at = now() - interval '2 days'")
    await put(store, "tmp/kept/x")
    await Expiry(service.parts.settings, service.parts.pool, store).run()
    assert refusal(await client.put(local(answer["upload_url"]), content=b"x")) == (404, "notFound")
    assert await objects(store) == ["tmp/kept/x"]
