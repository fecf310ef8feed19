"""Three hosts in network namespaces: database, store and APIs on one, a worker on each of the others, which fail."""

import os
import re
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.client import Client, Json, probe, seconds, stream
from tests.cluster.cluster import PREFIX, Cluster, Member, cluster
from tests.cluster.network import Host, Switch, may_be_made, switch
from tests.processes import ancestors, command_lines, with_words
from tests.waiting import until

LOST_SECONDS = 6
JOB_SECONDS = 12
REASON = re.compile(r"this worker was taken for dead|the database has not answered")
DRAIN_SECONDS = 600  # that a worker whose jobs are others' already must not take

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not may_be_made(), reason="needs root, iproute2 and network namespaces"),
]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A cluster on three hosts, and the switch between them."""

    switch: Switch
    hosts: dict[str, Host]  # of the workers, by their address
    cluster: Cluster
    client: Client


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """A job at work: the worker that has it, its host, and the other worker."""

    job: Json
    marker: str
    worker: Member
    host: Host
    other: Member

    def ffmpegs_of(self, worker: Member) -> list[int]:
        """The job's processes on that worker's host."""
        return [pid for pid in with_words(self.marker) if worker.process.pid in ancestors(pid)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Generator[Network]:
    """Three hosts, everything up."""
    with three_hosts(tmp_path_factory.mktemp("hosts"), LOST_SECONDS) as network:
        yield network


@contextmanager
def three_hosts(home: Path, lost_seconds: int) -> Generator[Network]:
    """Three hosts that take each other for dead after so many seconds."""
    with switch() as made:
        control, *others = made.add(), made.add(), made.add()
        places = [host.place for host in others]
        times = {"FFMILL_WORKER_LOST_SECONDS": str(lost_seconds), "FFMILL_DRAIN_SECONDS": str(DRAIN_SECONDS)}
        with cluster(home, control=control.place, workers=places, **times) as running:
            client = Client(url=running.urls[0], api_key=running.api_key)
            hosts = {host.place.address: host for host in others}
            yield Network(switch=made, hosts=hosts, cluster=running, client=client)


@pytest.fixture
def at_work(network: Network, media: Path, request: pytest.FixtureRequest) -> Generator[AtWork]:
    """A job with an uploaded input at work on one of the hosts; in the end, everything is up again."""
    work = start(network, media, f"title={request.node.name}")
    try:
        yield work
    finally:
        network.client.call("POST", f"/api/jobs/{work.job['id']}/cancel")
        network.switch.mend(work.host)
        revive(network, work.worker)


def start(network: Network, media: Path, marker: str, job_seconds: int = JOB_SECONDS) -> AtWork:
    """Submits a job and waits until one of the hosts works at it."""
    clip = network.client.upload((media / "bigbuckbunny.mp4").read_bytes())
    sources = "-re -f lavfi -i testsrc=s=64x64 -i {{in.mp4}} -map 0:v -map 1:a"
    command = f"{sources} -t {job_seconds} -preset ultrafast -metadata {marker} {{{{o.mkv}}}}"
    body: Json = {"input_files": {"in.mp4": clip}, "output_files": ["o.mkv"], "ffmpeg_commands": [command]}
    answer = network.client.call("POST", "/api/ffmpeg", body)
    assert answer.status == 200, answer.body
    ffmpeg, *_ = until(lambda: with_words(marker), what=network.cluster.logs)
    above = set(ancestors(ffmpeg))
    worker, other = sorted(network.cluster.workers, key=lambda worker: worker.process.pid not in above)
    host = network.hosts[worker.place.address]
    return AtWork(job=answer.data, marker=marker, worker=worker, host=host, other=other)


def revive(network: Network, worker: Member) -> None:
    """Starts a worker anew, as a process manager does once its process has ended."""
    if worker.process.poll() is None:
        worker.kill()
    worker.start()
    until(network.cluster.is_whole, what=network.cluster.logs)


def wait_until_elsewhere(network: Network, work: AtWork) -> float:
    """Waits until the other host has the job at work; the seconds that took."""
    began = time.monotonic()
    until(lambda: work.ffmpegs_of(work.other), what=network.cluster.logs)
    return time.monotonic() - began


def wait_for_success(network: Network, work: AtWork, directory: Path) -> None:
    """Waits for the job's end, which must be the whole of it, and the second attempt's alone."""

    def ended() -> Json | None:
        job = network.client.call("GET", f"/api/jobs/{work.job['id']}").data
        return job if job["status"] not in ("queued", "running") else None

    job = until(ended, what=network.cluster.logs)
    assert job["status"] == "succeeded", job["error_message"]
    facts = probe(network.client.download(job, "o.mkv", directory))
    assert seconds(facts) == pytest.approx(JOB_SECONDS, abs=0.5)
    assert stream(facts, "audio")
    kept = network.cluster.s3.bucket / PREFIX / "outputs" / job["id"]
    assert [path.name for path in kept.iterdir()] == ["2"]


def wait_for_the_end(network: Network, work: AtWork) -> str:
    """Waits until the worker that was taken for dead has stopped, nothing of it left; the reason that it gives."""
    above = work.worker.process.pid
    below = [pid for pid, _ in command_lines() if above in ancestors(pid)]
    until(lambda: work.worker.process.poll() is not None, what=network.cluster.logs)
    until(lambda: not set(below) & {pid for pid, _ in command_lines()})
    assert work.worker.process.returncode == 1
    *_, reason = REASON.findall(work.worker.log.read_text())
    return reason


def test_a_host_that_is_cut_off_loses_its_job_to_another_and_stops_when_it_is_back(
    network: Network, at_work: AtWork, tmp_path: Path
) -> None:
    network.switch.cut(at_work.host)
    took = wait_until_elsewhere(network, at_work)
    network.switch.mend(at_work.host)
    reason = wait_for_the_end(network, at_work)
    print(f"running elsewhere {took:.1f} s after the cut (FFMILL_WORKER_LOST_SECONDS={LOST_SECONDS}); {reason}")
    wait_for_success(network, at_work, tmp_path)


def test_a_host_that_stays_cut_off_stops_by_itself_and_the_database_forgets_it(
    network: Network, at_work: AtWork, tmp_path: Path
) -> None:
    began = time.monotonic()
    network.switch.cut(at_work.host)
    reason = wait_for_the_end(network, at_work)
    print(f"stopped by itself {time.monotonic() - began:.1f} s after the cut; {reason}")
    assert reason == "the database has not answered"
    until(lambda: not connections(network, at_work.host))
    print(f"the database had closed its connections {time.monotonic() - began:.1f} s after the cut")
    wait_for_success(network, at_work, tmp_path)


def connections(network: Network, host: Host) -> list[int]:
    """The database's processes that serve a host."""
    with psycopg.connect(network.cluster.settings["FFMILL_DATABASE_URL"]) as connection:
        serving = "SELECT pid FROM pg_stat_activity WHERE client_addr = %s::text::inet"
        return [row[0] for row in connection.execute(serving, (host.place.address,)).fetchall()]


def test_a_host_that_was_frozen_changes_nothing_when_it_wakes(
    network: Network, at_work: AtWork, tmp_path: Path
) -> None:
    frozen = [pid for pid, _ in command_lines() if at_work.worker.process.pid in (pid, *ancestors(pid))]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    wait_until_elsewhere(network, at_work)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    wait_for_the_end(network, at_work)
    wait_for_success(network, at_work, tmp_path)
