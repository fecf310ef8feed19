"""Workers beside those of a service, as on another machine that shares its database and its store."""

import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ffmill.config import Settings
from ffmill.db.embedded import database_url
from tests.acceptance.test_serve import FFMILL
from tests.environment import plain_environment
from tests.faults.house import House
from tests.processes import parent
from tests.waiting import until


def start_worker(home: House, name: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process of that name, with one slot; its log goes beside the data directory."""
    data = home.service.data_dir
    told = {"FFMILL_DATABASE_URL": database_url(Settings(data_dir=data)), "FFMILL_PUBLIC_URL": home.service.url}
    words = [str(FFMILL), "worker", "--name", name, "--concurrency", "1", "--data-dir", str(data)]
    with (data.parent / name).open("w") as log:
        environment = {**plain_environment(), **home.told, **told, **(environment or {})}
        return subprocess.Popen(words, env=environment, stdout=log, stderr=log)


@contextmanager
def second_worker(
    home: House, name: str, environment: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """The same, ready for jobs, and killed at the end."""
    with start_worker(home, name, environment) as process:
        try:
            log = home.service.data_dir.parent / name
            until(lambda: "worker is ready" in log.read_text(), "the second worker is ready")
            yield process
        finally:
            process.kill()


def worker_of(ffmpeg: int) -> int:
    """The worker that started a command."""
    pid = ffmpeg
    while b"worker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        pid = parent(pid)
    return pid
