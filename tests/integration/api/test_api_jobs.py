"""Jobs over HTTP: loose clients are served, refusals are clear, and every answer is whole."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from ffmill.api.documented import EXAMPLES
from ffmill.api.objects import JobAnswer, JobListAnswer
from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.jobs import attempts
from ffmill.jobs.model import Job, Output, Result, Status
from ffmill.worker import registry

from .conftest import PICTURE, Service, open_service


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A job that the API has accepted."""
    answer = await client.post("/api/ffmpeg", content=json.dumps(PICTURE | fields))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def claim(pool: Pool) -> Job:
    """The oldest queued job, now running on a worker."""
    async with pool.connection() as connection:
        worker = await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
        claimed = await attempts.claim(connection, machine="cpu", worker=worker, ticket=1)
    assert claimed
    return claimed.job


async def succeed(pool: Pool) -> Job:
    """The oldest queued job, run to its end with one output."""
    job = await claim(pool)
    output = Output(name="card.png", key=f"outputs/{job.id}/1/card.png", bytes=7)
    async with pool.connection() as connection:
        result = Result(status=Status.SUCCEEDED, outputs=(output,), total_input_bytes=0, log="$ ffmpeg …\nfertig ✓\n")
        assert await attempts.finish(connection, job, result)
    return job


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal, which holds nothing else."""
    body = answer.json()
    assert set(body) == {"errorCode", "message"}
    assert answer.headers["x-request-id"]
    return answer.status_code, body["errorCode"], body["message"]


@pytest.mark.parametrize("path", ["/api/ffmpeg", "/api/jobs", "/api//jobs/", "/api/ffmpeg?wait=false"])
async def test_a_job_is_accepted_and_answered_whole(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json=PICTURE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    job = JobAnswer.model_validate(answer.json()).data
    assert (job.status, job.ffmpeg_commands, job.output_files) == ("queued", PICTURE["ffmpeg_commands"], {})


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_the_content_type_of_a_body_does_not_matter(client: httpx.AsyncClient, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert (await client.post("/api/ffmpeg", content=json.dumps(PICTURE), headers=headers)).status_code == 200


@pytest.mark.parametrize("name", EXAMPLES)
async def test_the_examples_of_the_reference_are_accepted(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post("/api/ffmpeg", json=EXAMPLES[name])).status_code == 200


async def test_unknown_fields_are_named_in_the_warnings(client: httpx.AsyncClient) -> None:
    job = await create(client, colour="red", **{"nul\x00": 1, "\ud800": 1})
    assert job["warnings"][0] == 'the field "colour" is not known and was ignored'
    assert len(job["warnings"]) == 3


async def test_a_body_that_is_no_json_says_where_it_breaks(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/ffmpeg", content=b'{"output_files": [}')
    assert refusal(answer) == (400, "validationError", "the body is not JSON: Expecting value at line 1, column 19")


async def test_a_body_too_large_is_413(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/ffmpeg", json=PICTURE | {"x": "y" * 5000})
    assert refusal(answer) == (413, "badRequest", "the body is larger than 4096 bytes (FFMILL_MAX_BODY_BYTES)")


async def test_a_rule_that_fails_is_a_bad_request(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/ffmpeg", json=PICTURE | {"ffmpeg_commands": ["-i {{nope.mp4}} {{card.png}}"]})
    status, code, message = refusal(answer)
    assert (status, code) == (400, "badRequest")
    assert "nope.mp4" in message


@pytest.mark.parametrize("text", ["yes", "", "TRUE"])
async def test_a_strange_wait_is_refused_and_makes_no_job(client: httpx.AsyncClient, text: str) -> None:
    assert refusal(await client.post(f"/api/ffmpeg?wait={text}", json=PICTURE))[:2] == (400, "validationError")
    assert (await client.get("/api/jobs")).json()["data"] == []


HOSTILE = ["a\x00b", "\ud800", "a\nb", "../x", "\u202e", "x" * 300, ".", "", "-x", "'\"[];,:\\ .mp4", "💣"]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_names_never_make_a_500(client: httpx.AsyncClient, name: str) -> None:
    bodies = [
        PICTURE | {"input_files": {name: "http://example.org/"}},
        PICTURE | {"output_files": [name]},
        PICTURE | {"ffmpeg_commands": [f"-i {{{{{name}}}}} {{{{card.png}}}}"]},
        PICTURE | {"webhook_url": f"http://example.org/{name}"},
        PICTURE | {"machine": name},
        PICTURE | {name: name},
    ]
    for body in bodies:
        assert (await client.post("/api/ffmpeg", content=json.dumps(body))).status_code in (200, 400)


async def test_a_job_is_got_by_its_account_alone(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    job = await create(client)
    assert (await client.get(f"/api/jobs/{job['id']}")).json()["data"] == job
    for path in (f"/api/jobs/{job['id']}", f"/api/jobs/{job['id']}/logs"):
        assert refusal(await stranger.get(path))[:2] == (404, "notFound")
    assert refusal(await stranger.post(f"/api/jobs/{job['id']}/cancel"))[:2] == (404, "notFound")
    assert (await stranger.get("/api/jobs")).json()["data"] == []


@pytest.mark.parametrize("job_id", ["1", "x" * 5000, "%00", "%ff", "..%2f..", str(UUID(int=7))])
async def test_an_id_that_is_no_job_is_404(client: httpx.AsyncClient, job_id: str) -> None:
    assert refusal(await client.get(f"/api/jobs/{job_id}"))[:2] == (404, "notFound")
    assert refusal(await client.get(f"/api/jobs/{job_id}/logs"))[:2] == (404, "notFound")
    assert refusal(await client.post(f"/api/jobs/{job_id}/cancel"))[:2] == (404, "notFound")


async def test_a_succeeded_job_gives_signed_urls_and_its_log(client: httpx.AsyncClient, service: Service) -> None:
    job = await create(client)
    await succeed(service.parts.pool)
    answer = await client.get(f"/api/jobs/{job['id']}")
    done = JobAnswer.model_validate(answer.json()).data
    assert (done.status, done.progress, done.total_output_bytes) == ("succeeded", 100, 7)
    assert service.parts.signer.verify("GET", done.output_files["card.png"]) == f"outputs/{job['id']}/1/card.png"
    log = await client.get(f"/api/jobs/{job['id']}/logs")
    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    assert log.text == "$ ffmpeg …\nfertig ✓\n"


async def test_a_log_is_empty_before_the_first_attempt_has_ended(client: httpx.AsyncClient) -> None:
    job = await create(client)
    answer = await client.get(f"/api/jobs/{job['id']}/logs")
    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"no json at all"])
async def test_cancel_takes_any_body_and_cancels_at_once(client: httpx.AsyncClient, body: bytes) -> None:
    job = await create(client)
    for _ in range(2):
        answer = await client.post(f"/api/jobs/{job['id']}/cancel", content=body)
        assert answer.status_code == 200
        assert JobAnswer.model_validate(answer.json()).data.status == "cancelled"


async def test_jobs_are_listed_newest_first_in_pages(client: httpx.AsyncClient) -> None:
    ids = [(await create(client))["id"] for _ in range(3)][::-1]
    page = JobListAnswer.model_validate((await client.get("/api/jobs?limit=2")).json())
    assert [job.id for job in page.data] == ids[:2]
    paging = page.pagingParams
    assert (paging.limit, paging.offset, paging.total, paging.hasMore) == (2, 0, 3, True)
    page = JobListAnswer.model_validate((await client.get("/api/jobs?limit=2&offset=2")).json())
    assert [job.id for job in page.data] == ids[2:]
    paging = page.pagingParams
    assert (paging.limit, paging.offset, paging.total, paging.hasMore, paging.nextCursor) == (2, 2, 3, False, None)


@pytest.mark.parametrize(
    ("query", "limit"), [("", 50), ("?limit=100", 100), ("?limit=101", 100), ("?limit=" + "9" * 40, 100)]
)
async def test_the_answer_says_which_limit_was_used(client: httpx.AsyncClient, query: str, limit: int) -> None:
    assert (await client.get(f"/api/jobs{query}")).json()["pagingParams"]["limit"] == limit


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=", "offset=-1", "offset=10001", "offset=1.0"]
)
async def test_a_page_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert refusal(await client.get(f"/api/jobs?{query}"))[:2] == (400, "validationError")


async def test_a_url_of_ours_that_cannot_be_used_is_told_by_its_inputs_name(
    client: httpx.AsyncClient, service: Service
) -> None:
    urls = {"good": "https://example.org/x", "bad": service.parts.signer.sign("GET", "outputs/j/1/x.mp4", -1)}
    status, code, message = refusal(await client.post("/api/ffmpeg", json=PICTURE | {"input_files": urls}))
    assert (status, code) == (400, "badRequest")
    assert message.startswith('input_files: "bad": this URL of ours has expired')


async def test_a_job_without_a_timeout_gets_the_largest_where_the_default_is_more(settings: Settings) -> None:
    short = settings.model_copy(update={"max_timeout_seconds": 60})
    async with open_service(short) as service, service.client() as client:
        assert (await create(client))["timeout_seconds"] == 60
