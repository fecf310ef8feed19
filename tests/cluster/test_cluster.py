"""Two APIs and two workers on one PostgreSQL and one S3: whichever is asked, it is one service."""

import concurrent.futures
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
import pytest

from tests.acceptance.client import Client, Json
from tests.cluster.cluster import CORES, Cluster, ffmill
from tests.processes import ancestors, with_words
from tests.waiting import until

PICTURE = "-f lavfi -i testsrc=s=64x64 -frames:v 1 {{o.png}}"


@pytest.fixture
def clients(loopback_cluster: Cluster) -> list[Client]:
    """One for each API."""
    return [Client(url=url, api_key=loopback_cluster.api_key) for url in loopback_cluster.urls]


def endless(marker: str) -> Json:
    """What to submit for a job that runs until it is cancelled."""
    command = f"-re -f lavfi -i testsrc=s=64x64 -t 3600 -metadata {marker} {{{{o.mkv}}}}"
    return {"input_files": {}, "output_files": ["o.mkv"], "ffmpeg_commands": [command]}


@contextmanager
def cancelled_by(client: Client, jobs: list[Json]) -> Generator[None]:
    """Cancels jobs at the end, whatever happens."""
    try:
        yield
    finally:
        for job in jobs:
            client.call("POST", f"/api/jobs/{job['id']}/cancel")


def test_one_api_wakes_for_a_job_that_the_other_cancels(clients: list[Client]) -> None:
    one, other = clients
    marker = "title=cancelled-elsewhere-4411"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(one.call, "POST", "/api/ffmpeg?wait=true", endless(marker))
        until(lambda: with_words(marker))
        (job,) = other.call("GET", "/api/jobs?limit=1").data
        assert other.call("POST", f"/api/jobs/{job['id']}/cancel").data["status"] == "cancelled"
        answer = waiting.result(timeout=60)
    assert (answer.data["id"], answer.data["status"]) == (job["id"], "cancelled")
    until(lambda: not with_words(marker))


def test_urls_start_with_the_public_address_and_every_api_honours_them(
    loopback_cluster: Cluster, clients: list[Client]
) -> None:
    public, other_url = loopback_cluster.urls
    one, other = clients
    upload = other.call("POST", "/api/tmp-file").data
    assert {url.partition("/files/")[0] for url in upload.values()} == {public}
    assert other.call("PUT", upload["upload_url"].replace(public, other_url), b"shared").status == 200
    assert one.call("GET", upload["download_url"]).body == b"shared"
    output = other.convert({}, ["o.png"], PICTURE)["output_files"]["o.png"]
    assert other.call("GET", output.replace(public, other_url)).body == one.call("GET", output).body


def test_all_slots_of_all_workers_are_used(loopback_cluster: Cluster, clients: list[Client]) -> None:
    marker = "title=everywhere-4412"
    jobs = [clients[0].call("POST", "/api/ffmpeg", endless(marker)).data for _ in range(loopback_cluster.slots)]
    with cancelled_by(clients[1], jobs):
        for worker in loopback_cluster.workers:
            pid = worker.process.pid
            until(lambda pid=pid: len(of_worker(marker, pid)) == CORES)
    until(lambda: not with_words(marker))


def of_worker(marker: str, worker: int) -> list[int]:
    """The processes below a worker whose command line holds `marker`."""
    return [pid for pid in with_words(marker) if worker in ancestors(pid)]


def test_the_service_goes_on_while_an_api_is_down(loopback_cluster: Cluster, clients: list[Client]) -> None:
    loopback_cluster.apis[0].kill()
    try:
        assert clients[1].run({}, ["o.png"], PICTURE)["status"] == "succeeded"
    finally:
        loopback_cluster.apis[0].start()
        until(loopback_cluster.is_whole, what=loopback_cluster.logs)


def test_a_worker_that_was_taken_for_dead_says_so_in_one_line_and_stops(loopback_cluster: Cluster) -> None:
    worker = loopback_cluster.workers[0]
    with psycopg.connect(loopback_cluster.settings["FFMILL_DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM workers WHERE name = %s", (worker.settings["FFMILL_WORKER_NAME"],))
    try:
        assert worker.process.wait(timeout=60) == 1
        last = worker.log.read_text().splitlines()[-1]
        assert last == "ffmill: this worker was taken for dead, its jobs were given to others"
    finally:
        worker.kill()
        worker.start()
        until(loopback_cluster.is_whole, what=loopback_cluster.logs)


def test_an_ordinary_role_of_the_database_is_enough(loopback_cluster: Cluster) -> None:
    with psycopg.connect(loopback_cluster.settings["FFMILL_DATABASE_URL"]) as connection:
        roles = connection.execute("SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'ffmill'")
        assert roles.fetchall() == [(False, False, False)]


def test_doctor_finds_all_well_by_the_shared_settings_alone(loopback_cluster: Cluster) -> None:
    said = ffmill({**loopback_cluster.settings, "COLUMNS": "200"}, "doctor")
    assert "answers, notifies, schema" in said
    assert "keeps, gives and deletes" in said


def test_both_apis_count_an_accounts_requests_together(loopback_cluster: Cluster) -> None:
    key = ffmill(loopback_cluster.settings, "keys", "create", "test", "--account", "counted").strip()
    ffmill(loopback_cluster.settings, "accounts", "set", "counted", "--rate-limit", "1")
    one, other = [Client(url=url, api_key=key) for url in loopback_cluster.urls]

    def refused_by_both() -> bool:
        """One after the other; a second later the other one would take a request again."""
        answer = until(lambda: found if (found := one.call("GET", "/api/jobs")).status == 429 else None)
        assert answer.headers["retry-after"] == "1"
        return other.call("GET", "/api/jobs").status == 429

    until(refused_by_both, "the second API refuses what the first one has used up")
    assert Client(url=one.url, api_key=loopback_cluster.api_key).call("GET", "/api/jobs").status == 200
