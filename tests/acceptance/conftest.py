"""A live service for the acceptance tests: `ffmill serve` with its defaults, as a stranger would start it, or, by
`--service=cluster`, processes on a PostgreSQL and an S3 of their own."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.ports import free_port
from tests.processes import children

FFMILL = Path(sys.executable).with_name("ffmill")
READY_SECONDS = 120.0
LOOPBACK_ALLOWED = {"FFMILL_ALLOW_NETS": "127.0.0.0/8"}
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where the service is, how to be let in, and what tests must know of its inside."""

    url: str
    api_key: str
    settings: Mapping[str, str]  # by which commands, as `ffmill keys`, find it
    scratches: tuple[Path, ...]  # where attempts work
    slots: int  # jobs at once
    workers: Callable[[], list[int]]
    kill_worker: Callable[[int], None]  # kill -9, by pid; whoever watches over it starts it again


def pytest_collection_modifyitems(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Skips what starts `ffmill serve` itself where the service is a cluster."""
    if config.getoption("service") == "cluster":
        for item in items:
            if item.get_closest_marker("serve"):
                item.add_marker(pytest.mark.skip(reason="starts `ffmill serve` itself, which a cluster does without"))


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """The service that `--service` names; inputs may come from loopback."""
    if request.config.getoption("service") == "cluster":
        yield of_cluster(request.getfixturevalue("loopback_cluster"))
        return
    with of_serve(tmp_path_factory.mktemp("service")) as service:
        yield service


def of_cluster(cluster: Cluster) -> Service:
    """A cluster as the tests see it."""
    return Service(
        url=cluster.urls[0],
        api_key=cluster.api_key,
        settings=cluster.settings,
        scratches=tuple(worker.scratch for worker in cluster.workers),
        slots=cluster.slots,
        workers=lambda: [worker.process.pid for worker in cluster.workers],
        kill_worker=cluster.revive,
    )


@contextmanager
def of_serve(home: Path, **told: str) -> Generator[Service]:
    """`ffmill serve` on a data directory of its own, with these settings."""
    port = free_port()
    command = [str(FFMILL), "serve", "--data-dir", str(home / "data"), "--port", str(port)]
    with (home / "log").open("wb") as log:
        environment = {**os.environ, **LOOPBACK_ALLOWED, **told}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        await_ready(url, process, home / "log")
        yield Service(
            url=url,
            api_key=(home / "data" / "api-key").read_text().strip(),
            settings={"FFMILL_DATA_DIR": str(home / "data")},
            scratches=(home / "data" / "scratch",),
            slots=CORES,
            workers=lambda: [pid for pid, words in children(process.pid) if " worker --machine" in words],
            kill_worker=lambda pid: os.kill(pid, signal.SIGKILL),
        )
    finally:
        process.terminate()
        process.wait(timeout=30)


def await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when /readyz says so; fails with the service's own words when it ends before."""
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready(url):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the service did not start:\n{log.read_text()}")


def is_ready(url: str) -> bool:
    """Whether /readyz answers 200 within a second."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
