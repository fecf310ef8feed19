"""What becomes of a job: it runs, fails, is cancelled, is waited for; and nothing of it stays behind."""

import http.server
import json
import os
import queue
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client, Json
from tests.acceptance.conftest import Service
from tests.processes import ancestors, with_words
from tests.waiting import PATIENCE_SECONDS, until

ENDLESS = "-re -f lavfi -i testsrc=s=64x64 -t 3600 -preset ultrafast {{o.mkv}}"


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    return Client(url=service.url, api_key=service.api_key)


def submit(client: Client, command: str = ENDLESS, output: str = "o.mkv", **fields: object) -> Json:
    body: Json = {"input_files": {}, "output_files": [output], "ffmpeg_commands": [command], **fields}
    answer = client.call("POST", "/api/ffmpeg", body)
    assert answer.status == 200, answer.body
    return answer.data


def get(client: Client, job: Json) -> Json:
    return client.call("GET", f"/api/jobs/{job['id']}").data


def running(client: Client, job: Json) -> Json | None:
    now = get(client, job)
    assert now["status"] in ("queued", "running"), now["error_message"]
    return now if now["status"] == "running" else None


def ended(client: Client, job: Json) -> Json | None:
    now = get(client, job)
    return now if now["status"] in ("succeeded", "failed", "cancelled") else None


def test_a_cancelled_job_leaves_no_ffmpeg_behind(client: Client) -> None:
    marker = "title=cancel-me-8311"
    job = submit(client, f"-re -f lavfi -i testsrc=s=64x64 -t 3600 -metadata {marker} {{{{o.mkv}}}}")
    until(lambda: with_words(marker))
    answer = client.call("POST", f"/api/jobs/{job['id']}/cancel")
    assert answer.data["status"] == "cancelled"
    until(lambda: not with_words(marker))
    assert get(client, job)["status"] == "cancelled"
    assert client.call("POST", f"/api/jobs/{job['id']}/cancel").data["status"] == "cancelled"
    until(lambda: "$ ffmpeg" in client.log(job))


def test_a_queued_job_that_is_cancelled_never_starts(client: Client, service: Service) -> None:
    blockers = [submit(client) for _ in range(service.slots)]
    for blocker in blockers:
        until(lambda blocker=blocker: running(client, blocker))
    job = submit(client)
    cancelled = client.call("POST", f"/api/jobs/{job['id']}/cancel", b"[]").data
    assert (cancelled["status"], cancelled["started_at"]) == ("cancelled", None)
    for blocker in blockers:
        client.call("POST", f"/api/jobs/{blocker['id']}/cancel", {})


def test_a_running_job_shows_how_far_it_is(client: Client) -> None:
    job = submit(client, "-re -f lavfi -i testsrc=s=64x64 -t 30 -preset ultrafast {{o.mkv}}")
    shown = until(lambda: now if (now := get(client, job))["progress"] else None)
    assert 0 < shown["progress"] < 100
    assert shown["fps"] is not None
    assert shown["out_time_seconds"] > 0
    client.call("POST", f"/api/jobs/{job['id']}/cancel")
    assert get(client, job)["progress"] is None


def test_a_job_over_its_time_fails_and_says_the_limit(client: Client) -> None:
    job = client.run({}, ["o.mkv"], ENDLESS, timeout_seconds=1)
    assert job["status"] == "failed"
    assert "limit of 1 s (timeout_seconds)" in job["error_message"]
    assert job["output_files"] == {}


def test_a_failing_command_gives_ffmpegs_own_words(client: Client) -> None:
    job = client.run({}, ["o.mp4"], "-f lavfi -i testsrc -t 1 -c:v no_such_codec {{o.mp4}}")
    assert job["status"] == "failed"
    assert job["error_message"].startswith("ffmpeg exited with code ")
    assert "Unknown encoder 'no_such_codec'" in job["error_message"]
    assert "[error]" not in job["error_message"]


def test_the_first_failing_command_ends_the_job(client: Client) -> None:
    make = "-f lavfi -i testsrc -t 0.1 {{o.mp4}}"
    job = client.run({}, ["o.mp4"], make, "-f lavfi -i nonsense -t 1 -f null -", make)
    assert (job["status"], job["command_index"]) == ("failed", 1)
    assert client.log(job).count("$ ffmpeg") == 2


def test_an_output_that_was_not_written_fails_the_job_by_name(client: Client) -> None:
    job = client.run(
        {}, ["b%d.png"], "-f lavfi -i testsrc -frames:v 0 outputs/b%d.png -f lavfi -i testsrc -t 0.1 a.mkv"
    )
    assert job["status"] == "failed"
    assert "b%d.png" in job["error_message"]


def test_an_input_that_is_not_there_fails_the_job(client: Client, service: Service) -> None:
    url = f"{service.url}/nothing-here?token=secret"
    job = client.run({"in.mp4": url}, ["o.mp4"], "-i {{in.mp4}} {{o.mp4}}")
    assert job["status"] == "failed"
    assert "404" in job["error_message"]
    assert "in.mp4" in job["error_message"]
    assert "secret" not in job["error_message"]


def test_an_input_in_a_private_network_is_refused_and_the_setting_named(client: Client) -> None:
    job = client.run({"in.mp4": "http://10.1.2.3/in.mp4"}, ["o.mp4"], "-i {{in.mp4}} {{o.mp4}}")
    assert job["status"] == "failed"
    assert "FFMILL_ALLOW_NETS" in job["error_message"]


def test_the_log_tells_commands_exit_cpu_and_memory(client: Client) -> None:
    job = client.convert({}, ["o.mp4"], "-f lavfi -i testsrc2=s=640x360 -t 1 {{o.mp4}}")
    log = client.log(job)
    assert log.startswith("$ ffmpeg -f lavfi -i testsrc2=s=640x360 -t 1 outputs/o.mp4\n")
    assert "Output #0, mp4, to 'outputs/o.mp4'" in log
    last = log.splitlines()[-1]
    assert last.startswith("exit code 0 after ")
    cpu, memory = float(last.split("CPU ")[1].split(" s")[0]), int(last.split("memory ")[1].split(" ")[0])
    assert cpu > 0
    assert memory > 10


def test_nothing_of_an_attempt_stays_in_scratch(client: Client, service: Service) -> None:
    client.convert({}, ["o.mkv"], "-f lavfi -i testsrc=s=64x64 -t 0.2 {{o.mkv}}", "-i outputs/o.mkv -f null -")
    client.run({}, ["o.mkv"], "-f lavfi -i testsrc=s=64x64 -t 0.2 left.mkv", "-f lavfi -i nonsense {{o.mkv}}")
    until(lambda: not [left for scratch in service.scratches for left in files_below(scratch) if left.endswith(".mkv")])


def files_below(directory: Path) -> list[str]:
    """The names of all files, also while directories go (`rglob` fails then)."""
    return [name for _, _, names in os.walk(directory) for name in names]


def test_jobs_of_a_killed_worker_run_again_to_their_end(client: Client, service: Service) -> None:
    marker = "title=survivor-5120"
    job = submit(client, f"-re -f lavfi -i testsrc=s=64x64 -t 4 -metadata {marker} {{{{o.mkv}}}}")
    ffmpeg, *_ = until(lambda: with_words(marker))
    (worker,) = set(ancestors(ffmpeg)) & set(service.workers())
    service.kill_worker(worker)
    done = until(lambda: ended(client, job))
    assert done["status"] == "succeeded", done["error_message"]
    assert client.call("GET", done["output_files"]["o.mkv"]).status == 200
    until(lambda: not with_words(marker))


@pytest.fixture
def receiver() -> Generator[tuple[str, "queue.Queue[tuple[str, dict[str, str], Any]]"]]:
    """A webhook receiver: its URL, and what it got."""
    got: queue.Queue[tuple[str, dict[str, str], Any]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.put((self.path, dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?token=1", got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("command", ["-f lavfi -i testsrc=s=64x64 -t 0.1 {{o.mkv}}", "-f lavfi -i nonsense {{o.mkv}}"])
def test_the_webhook_gets_the_bare_job_when_it_has_ended(
    client: Client, receiver: tuple[str, "queue.Queue[tuple[str, dict[str, str], Any]]"], command: str
) -> None:
    url, got = receiver
    job = client.run({}, ["o.mkv"], command, webhook_url=url)
    path, headers, body = got.get(timeout=PATIENCE_SECONDS)
    assert path == "/hook?token=1"
    assert headers["Content-Type"] == "application/json"
    volatile = {"output_files"}
    assert {k: v for k, v in body.items() if k not in volatile} == {k: v for k, v in job.items() if k not in volatile}
    assert body["output_files"].keys() == job["output_files"].keys()


def test_pages_hold_the_newest_jobs_whole(client: Client) -> None:
    made = [client.convert({}, ["o.mkv"], "-f lavfi -i testsrc=s=64x64 -t 0.1 {{o.mkv}}") for _ in range(2)]
    answer = client.call("GET", "/api/jobs?limit=2")
    page = json.loads(answer.body)
    assert [job["id"] for job in page["data"]] == [made[1]["id"], made[0]["id"]]
    assert page["pagingParams"]["limit"] == 2
    assert page["pagingParams"]["hasMore"] is True
    assert page["data"][0].keys() == made[1].keys()
