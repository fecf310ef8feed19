"""A live service for the acceptance tests: `ffmill serve` with its defaults, as a stranger would start it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

FFMILL = Path(sys.executable).with_name("ffmill")
READY_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where the service is and how to be let in."""

    url: str
    api_key: str
    data_dir: Path
    pid: int


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """`ffmill serve` on a data directory of its own; inputs may come from loopback."""
    home = tmp_path_factory.mktemp("service")
    port = free_port()
    command = [str(FFMILL), "serve", "--data-dir", str(home / "data"), "--port", str(port)]
    with (home / "log").open("wb") as log:
        environment = {**os.environ, "FFMILL_ALLOW_NETS": "127.0.0.0/8"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        await_ready(url, process, home / "log")
        key = (home / "data" / "api-key").read_text().strip()
        yield Service(url=url, api_key=key, data_dir=home / "data", pid=process.pid)
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


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
