"""Usage: what is told is what was moved and burnt."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.client import Client, Json
from tests.acceptance.conftest import Service
from tests.source import CONTENT, source
from tests.waiting import until

BUSY = "-f lavfi -i testsrc2=s=1280x720 -t 3600 -c:v libx264 {{o.mkv}}"


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    return Client(url=service.url, api_key=service.api_key)


def used(client: Client, tag: str) -> Json | None:
    """What the jobs of that tag used, once there is anything."""
    answer = client.call("GET", "/api/usage?group_by=metadata.tag")
    groups: list[Json] = json.loads(answer.body)["data"]
    return next((group for group in groups if group["metadata.tag"] == tag), None)


def body(tag: str, command: str, **fields: object) -> dict[str, Any]:
    return {"output_files": ["o.mkv"], "ffmpeg_commands": [command], "metadata": {"tag": tag}, **fields}


def test_bytes_are_those_that_were_moved(client: Client) -> None:
    tag = str(uuid4())
    with source() as inputs:
        files = {"a.bin": inputs.url, "b.bin": inputs.url, "c.bin": f"{inputs.url}?c"}  # `a` and `b` are fetched once
        job = client.convert(files, ["o.mkv"], "-f lavfi -i testsrc=s=64x64 -t 1 {{o.mkv}}", metadata={"tag": tag})
        usage = used(client, tag)
        assert usage is not None
        assert usage["input_bytes"] == inputs.sent == 2 * len(CONTENT)
        assert job["total_input_bytes"] == 3 * len(CONTENT)  # as its commands saw them
    downloaded = client.call("GET", job["output_files"]["o.mkv"])
    assert usage["output_bytes"] == job["total_output_bytes"] == len(downloaded.body)
    assert usage["jobs"] == 1
    assert usage["cpu_seconds"] > 0
    assert usage["peak_memory_bytes"] > 1 << 20


def test_an_input_that_one_job_gave_another_counts_as_read(client: Client) -> None:
    tag = str(uuid4())
    first = client.convert({}, ["o.mkv"], "-f lavfi -i testsrc=s=64x64 -t 1 {{o.mkv}}")
    client.convert(
        {"i.mkv": first["output_files"]["o.mkv"]}, ["o.mkv"], "-i {{i.mkv}} -c copy {{o.mkv}}", metadata={"tag": tag}
    )
    usage = used(client, tag)
    assert usage is not None
    assert usage["input_bytes"] == first["total_output_bytes"]


def test_a_job_that_was_stopped_at_its_limit_is_billed_for_its_cpu(client: Client) -> None:
    tag = str(uuid4())
    answer = client.call("POST", "/api/ffmpeg?wait=true", body(tag, BUSY, timeout_seconds=2))
    assert answer.data["status"] == "failed"
    usage = used(client, tag)
    assert usage is not None
    assert usage["cpu_seconds"] > 0.2
    assert usage["output_bytes"] == 0


def test_a_running_job_that_is_cancelled_is_billed_for_its_cpu(client: Client) -> None:
    tag = str(uuid4())
    job = client.call("POST", "/api/ffmpeg", body(tag, BUSY)).data
    until(lambda: client.call("GET", f"/api/jobs/{job['id']}").data["progress"] is not None or None)
    client.call("POST", f"/api/jobs/{job['id']}/cancel")
    usage = until(lambda: used(client, tag), "the stopped attempt is metered")
    assert usage["cpu_seconds"] > 0
    assert usage["jobs"] == 1
