"""A cluster: PostgreSQL, S3, two APIs and workers, which share what docs/running.md says and nothing else."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ffmill import tether
from tests.cluster.postgres16 import postgres16
from tests.environment import plain_environment
from tests.integration.s3_server import BUCKET, KEY_ID, SECRET, S3Server, s3_server
from tests.place import LOOPBACK, Place
from tests.ports import free_port
from tests.waiting import until

FFMILL = (sys.executable, "-m", "ffmill.cli.main")
PREFIX = "ffmill"
STOP_SECONDS = 30
LOG_CHARACTERS = 4000  # of each member, where a test fails
CORES = len(os.sched_getaffinity(0))
TWICE = (LOOPBACK, LOOPBACK)


@dataclass(kw_only=True)
class Member:
    """One process of the cluster, with a data directory of its own; like all of them, it dies with the tests."""

    words: tuple[str, ...]
    home: Path
    place: Place
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def log(self) -> Path:
        """Where it writes, over all its lives."""
        return self.home / "log"

    @property
    def scratch(self) -> Path:
        """Where its attempts work."""
        return self.home / "data" / "scratch"

    def start(self) -> None:
        """Starts it, again too."""
        self.home.mkdir(exist_ok=True)
        command = tether.command(self.place.command([*FFMILL, *self.words]))
        environment = {**plain_environment(), **self.settings, "FFMILL_DATA_DIR": str(self.home / "data")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """Ends it by a signal that it cannot catch."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it in order."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The members of a running cluster, and how to be let in."""

    settings: Mapping[str, str]  # what its processes share
    api_key: str
    apis: Sequence[Member]
    urls: Sequence[str]  # of the APIs; the first one's is the public URL
    workers: Sequence[Member]
    s3: S3Server

    @property
    def slots(self) -> int:
        """Jobs at once."""
        return CORES * len(self.workers)

    def revive(self, pid: int) -> None:
        """Kills a worker and starts it again under its name, as a process manager does."""
        (worker,) = [worker for worker in self.workers if worker.process.pid == pid]
        worker.kill()
        worker.start()

    def live_workers(self) -> int:
        """How many workers the first API says are alive."""
        try:
            with urllib.request.urlopen(f"{self.urls[0]}/readyz", timeout=10) as answer:
                return json.load(answer)["checks"]["workers"]["cpu"]
        except (urllib.error.URLError, OSError):
            return 0

    def is_whole(self) -> bool:
        """Whether every worker is heard of and every API answers; fails where a process has ended."""
        assert all(member.process.poll() is None for member in (*self.apis, *self.workers)), self.logs()
        return self.live_workers() == len(self.workers) and all(_is_up(url) for url in self.urls)

    def logs(self) -> str:
        """What the members have written last."""
        return "\n".join(member.log.read_text()[-LOG_CHARACTERS:] for member in (*self.apis, *self.workers))


@contextmanager
def cluster(
    home: Path, *, control: Place = LOOPBACK, workers: Sequence[Place] = TWICE, **more: str
) -> Generator[Cluster]:
    """A cluster whose database, store and APIs are at `control`; `more` are settings that all processes share."""
    with ExitStack() as stack:
        ports = [free_port(), free_port()]
        urls = [f"http://{control.address}:{port}" for port in ports]
        database_url = stack.enter_context(postgres16(home / "postgres", control))
        s3 = stack.enter_context(s3_server(home / "s3" / "served", control))
        settings = {**shared_settings(database_url, s3, urls[0]), **more}
        ffmill(settings, "migrate")
        key = ffmill(settings, "keys", "create", "tests").strip()
        apis = [
            Member(
                words=("api", "--host", control.address, "--port", str(port)),
                home=home / f"api-{port}",
                place=control,
                settings=settings,
            )
            for port in ports
        ]
        named = [
            Member(
                words=("worker", "--machine", "cpu"),
                home=home / f"worker-{number}",
                place=place,
                settings={**settings, "FFMILL_WORKER_NAME": f"worker-{number}"},
            )
            for number, place in enumerate(workers)
        ]
        for member in (*apis, *named):
            member.start()
            stack.callback(member.stop)
        made = Cluster(settings=settings, api_key=key, apis=apis, urls=urls, workers=named, s3=s3)
        until(made.is_whole, what=made.logs)
        yield made


def shared_settings(database_url: str, s3: S3Server, public_url: str) -> dict[str, str]:
    """What the processes of a cluster must agree on."""
    return {
        "FFMILL_DATABASE_URL": database_url,
        "FFMILL_STORE_URL": f"s3://{BUCKET}/{PREFIX}",
        "FFMILL_S3_ENDPOINT": s3.endpoint,
        "FFMILL_S3_ACCESS_KEY_ID": KEY_ID,
        "FFMILL_S3_SECRET_ACCESS_KEY": SECRET,
        "FFMILL_PUBLIC_URL": public_url,
    }


def ffmill(settings: Mapping[str, str], *words: str) -> str:
    """What a command prints that knows these settings and no others."""
    ran = subprocess.run([*FFMILL, *words], check=False, env={**plain_environment(), **settings}, capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
