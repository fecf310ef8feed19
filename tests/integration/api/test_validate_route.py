"""Checking a job over HTTP: what a create would say and more, and nothing is made."""

from typing import Any

import httpx
import pytest

from ffmill.accounts import repository
from ffmill.config import Settings
from ffmill.ffmpeg import builds
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.worker import recovery
from ffmill.worker.registry import Registration

from .conftest import Service

CLIP: dict[str, Any] = {
    "input_files": {"in.mp4": "https://example.org/in.mp4"},
    "output_files": ["out.mp4"],
    "ffmpeg_commands": ["-i {{in.mp4}} -c copy {{out.mp4}}"],
}


@pytest.fixture
async def build(service: Service, settings: Settings) -> None:
    """A worker of the pool `cpu` that has told what its FFmpeg can."""
    pool, uncaged = service.parts.pool, settings.model_copy(update={"sandbox": "off"})
    async with Sandbox.open(uncaged, 1) as sandbox:
        known = await builds.ensure(pool, sandbox, Limits.of(uncaged))
    newcomer = Registration(name="w", machine="cpu", concurrency=1, ffmpeg_build=known.id)
    await recovery.enlist(pool, service.parts.queue, settings, newcomer)


async def report(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    """What is said of a job."""
    answer = await client.post("/api/ffmpeg/validate", json={**CLIP, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def codes(findings: list[dict[str, Any]]) -> list[str]:
    """Of problems or warnings."""
    return [finding["code"] for finding in findings]


async def test_a_good_job_is_valid_and_shown_as_ffmpeg_gets_it(client: httpx.AsyncClient, build: None) -> None:
    assert await report(client) == {
        "valid": True,
        "commands": [{"argv": ["-i", "inputs/in.mp4", "-c", "copy", "outputs/out.mp4"]}],
        "problems": [],
        "warnings": [],
    }


async def test_nothing_is_made(client: httpx.AsyncClient, build: None) -> None:
    await report(client)
    assert (await client.get("/api/jobs")).json()["data"] == []


async def test_all_problems_are_told_at_once(client: httpx.AsyncClient, build: None) -> None:
    found = await report(
        client,
        output_files=["out.mp4", "never.png"],
        ffmpeg_commands=["-i {{im.mp4}} x.mp4", "-i {{in.mp4}} -c:v libx246 {{out.mp4}}", CLIP["ffmpeg_commands"][0]],
        machine="moon",
    )
    assert not found["valid"]
    assert [(one["code"], one["command_index"]) for one in found["problems"]] == [
        ("badRequest", None),
        ("badRequest", 0),
        ("no_such_encoder", 1),
    ]


async def test_what_the_ffmpeg_in_service_does_not_know_is_a_problem(client: httpx.AsyncClient, build: None) -> None:
    found = await report(client, ffmpeg_commands=["-i {{in.mp4}} -vsync 0 -vf scal=640:-2 {{out.mp4}}"])
    assert codes(found["problems"]) == ["no_such_option", "no_such_filter"]


async def test_a_mended_command_is_one_that_can_be_sent(client: httpx.AsyncClient, build: None) -> None:
    (problem,) = (await report(client, ffmpeg_commands=["ffmpeg -i '{{in.mp4}}' -c:v x264 {{out.mp4}}"]))["problems"]
    assert problem["corrected_command"] == "-i '{{in.mp4}}' -c:v libx264 {{out.mp4}}"
    assert (await report(client, ffmpeg_commands=[problem["corrected_command"]]))["valid"]


async def test_advice_is_a_warning_with_a_mended_command(client: httpx.AsyncClient, build: None) -> None:
    command = "-i {{in.mp4}} -vf scale=-1:720 -movflags +faststart {{out.mp4}}"
    found = await report(client, ffmpeg_commands=[command])
    assert found["valid"]
    (warning,) = found["warnings"]
    assert (warning["code"], warning["command_index"]) == ("odd_size", 0)
    assert warning["corrected_command"] == command.replace("-1:720", "-2:720")


async def test_what_is_not_looked_up_is_said(client: httpx.AsyncClient) -> None:
    found = await report(client, ffmpeg_commands=["-i {{in.mp4}} -c:v libx246 {{out.mp4}}"])
    assert found["valid"]
    assert "not_checked" in codes(found["warnings"])


async def test_a_gpu_that_there_is_not_is_a_problem(client: httpx.AsyncClient, build: None) -> None:
    found = await report(client, ffmpeg_commands=["-i {{in.mp4}} -c:v h264_nvenc {{out.mp4}}"])
    assert codes(found["problems"]) == ["gpu_unavailable"]


async def test_unknown_fields_are_warned_of_as_on_create(client: httpx.AsyncClient, build: None) -> None:
    assert codes((await report(client, colour="blue"))["warnings"]) == ["done_differently"]


@pytest.mark.parametrize(
    "fields", [{"output_files": "out.mp4"}, {"timeout_seconds": 10**9}, {"ffmpeg_command": "-version"}]
)
async def test_the_wrong_shape_is_refused_as_on_create(client: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    answers = [await client.post(path, json={**CLIP, **fields}) for path in ("/api/ffmpeg", "/api/ffmpeg/validate")]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


async def test_urls_of_ours_are_looked_at(client: httpx.AsyncClient, service: Service) -> None:
    empty = (await client.post("/api/tmp-file")).json()["data"]["download_url"]
    gone = service.parts.signer.sign("GET", f"outputs/{'0' * 8}-0000-0000-0000-{'0' * 12}/1/x.mp4", 60)
    found = await report(client, input_files={"in.mp4": empty, "b.mp4": gone})
    assert [problem["message"].partition(",")[0] for problem in found["problems"]] == [
        'input_files: "in.mp4": nothing has been uploaded to this temporary file yet; PUT to its upload_url first',
        'input_files: "b.mp4": the file behind this URL has been deleted',
    ]


async def test_quotas_are_problems(client: httpx.AsyncClient, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        terms = {"max_month_bytes": 0, "machines": ["big"], "max_timeout_seconds": 5}
        await repository.change(connection, service.account.id, terms)
    found = await report(client, timeout_seconds=10)
    assert codes(found["problems"]) == ["forbidden", "forbidden"]


async def test_a_command_that_only_asks_is_not_judged(client: httpx.AsyncClient, build: None) -> None:
    found = await report(client, ffmpeg_commands=["-version", CLIP["ffmpeg_commands"][0]])
    assert (found["valid"], found["warnings"]) == (True, [])


async def test_a_long_command_is_checked_as_a_short_one(client: httpx.AsyncClient, build: None) -> None:
    graph = ",".join(["hflip"] * 500)
    found = await report(client, ffmpeg_commands=[f"-i {{{{in.mp4}}}} -vf {graph} -vcodc x {{{{out.mp4}}}}"])
    assert codes(found["problems"]) == ["no_such_option"]
    assert f"{graph} -vcodec x" in found["problems"][0]["corrected_command"]


async def test_no_more_problems_are_told_than_anybody_reads(client: httpx.AsyncClient, build: None) -> None:
    unknown = " ".join(f"-unknown{number} 1" for number in range(110))
    found = await report(client, ffmpeg_commands=[f"-i {{{{in.mp4}}}} {unknown} {{{{out.mp4}}}}"] * 2)
    assert len(found["problems"]) <= 200
