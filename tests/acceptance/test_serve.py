"""`ffmill serve` as a whole: starts, refuses, is killed in parts and whole, stops."""

import json
import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environment import plain_environment

FFMILL = Path(sys.executable).with_name("ffmill")
STOP_SECONDS = 5.0
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.serve


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A service that has said it is ready."""

    process: subprocess.Popen[str]
    data_dir: Path
    url: str
    said: list[str]

    def pid_of(self, command: str) -> int | None:
        """The process of a part: `api`, `worker` or `postgres`."""
        for pid in descendants(self.process.pid):
            words = command_line(pid)
            if f" {command} " in f" {words} " or (command == "postgres" and "/bin/postgres " in words):
                return pid
        return None

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def jobs(self) -> int:
        """The status of an authorised request."""
        request = urllib.request.Request(f"{self.url}/api/jobs")
        request.add_header("Authorization", f"Bearer {(self.data_dir / 'api-key').read_text().strip()}")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """Every process below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    generation, found = [pid], list[int]()
    while generation:
        generation = [child for parent in generation for child in parents.get(parent, [])]
        found += generation
    return found


def survivors(pids: list[int], seconds: float) -> list[str]:
    """Those of the processes that have not ended after so many seconds."""
    deadline = time.monotonic() + seconds
    return [line for pid in pids if (line := _outlives(pid, deadline))]


def _outlives(pid: int, deadline: float) -> str:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return ""
    try:
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        return "" if ended.poll(max(0.0, deadline - time.monotonic()) * 1000) else f"{pid} {command_line(pid)}"
    finally:
        os.close(descriptor)


@contextmanager
def command(data_dir: Path, *words: str, **environment: str) -> Generator[subprocess.Popen[str]]:
    """`ffmill serve` in an environment without other FFMILL_ variables; its log goes beside the data directory."""
    words = (str(FFMILL), "serve", "--data-dir", str(data_dir), *(words or ("--port", "0")))
    with (data_dir.parent / "stderr").open("w") as log:
        process = subprocess.Popen(
            words, env={**plain_environment(), **environment}, stdout=subprocess.PIPE, stderr=log, text=True
        )
    with process:
        yield process


@contextmanager
def serving(data_dir: Path, *words: str, **environment: str) -> Generator[Serving]:
    """`ffmill serve` on a free port, until it is ready; killed at the end where a test has not stopped it."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with command(data_dir, *words, **environment) as process:
        try:
            assert process.stdout
            said = [process.stdout.readline().strip(), process.stdout.readline().strip()]
            assert said[0].startswith("ffmill is ready at http"), (data_dir.parent / "stderr").read_text()
            yield Serving(process=process, data_dir=data_dir, url=said[0].split()[-1], said=said)
        finally:
            left = descendants(process.pid)
            process.kill()
            assert not survivors(left, PATIENCE_SECONDS)


def refusal(data_dir: Path, *words: str, **environment: str) -> str:
    """What `ffmill serve` says as it refuses to start, in one line; asserts that nothing was left running."""
    with command(data_dir, *words, **environment) as process:
        assert process.wait(PATIENCE_SECONDS) == 1
    said = (data_dir.parent / "stderr").read_text()
    lines = [line for line in said.splitlines() if line.startswith("ffmill: ")]
    assert len(lines) == 1, said
    assert "Traceback" not in said
    assert not [pid for pid in all_processes() if str(data_dir) in command_line(pid)]
    return lines[0]


def all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def stop(service: Serving, number: signal.Signals = signal.SIGINT) -> tuple[float, list[str]]:
    """Seconds until the service has ended, and what is left of it."""
    below = descendants(service.process.pid)
    began = time.monotonic()
    service.process.send_signal(number)
    service.process.wait(PATIENCE_SECONDS)
    return time.monotonic() - began, survivors(below, 0.0)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    """One service for the tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("serve") / "data") as service:
        yield service


def test_the_first_start_says_where_it_is_and_gives_a_key(live: Serving) -> None:
    key = (live.data_dir / "api-key").read_text().strip()
    assert re.fullmatch(r"API key: ffm_[\w-]{43} \(kept in .*/api-key\)", live.said[1])
    assert key in live.said[1]
    assert stat.S_IMODE((live.data_dir / "api-key").stat().st_mode) == 0o600
    assert live.jobs() == 200


def test_everything_it_writes_lies_under_the_data_directory(live: Serving) -> None:
    assert {path.name for path in live.data_dir.parent.iterdir()} == {"data", "stderr"}
    assert stat.S_IMODE(live.data_dir.stat().st_mode) == 0o700


def test_a_second_service_on_the_same_directory_is_refused(live: Serving) -> None:
    with command(live.data_dir) as second:
        assert second.wait(PATIENCE_SECONDS) == 1
    assert "another ffmill is serving" in (live.data_dir.parent / "stderr").read_text()
    assert live.is_ready()


def test_a_port_in_use_is_refused_and_nothing_is_left(live: Serving, tmp_path: Path) -> None:
    port = live.url.rpartition(":")[2]
    said = refusal(tmp_path / "data", "--port", port)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize("part", ["api", "worker", "postgres"])
def test_a_part_that_dies_is_started_again(live: Serving, part: str) -> None:
    before = live.pid_of(part)
    assert before
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while live.pid_of(part) in (None, before) or not live.is_ready():
        assert time.monotonic() < deadline
    assert live.jobs() == 200


def test_clients_wait_while_the_api_is_started_again(live: Serving) -> None:
    api = live.pid_of("api")
    assert api
    os.kill(api, signal.SIGKILL)
    assert not survivors([api], PATIENCE_SECONDS)
    assert live.jobs() == 200


def test_keys_and_doctor_reach_the_running_service(live: Serving) -> None:
    for words in (["keys", "list"], ["doctor"]):
        ran = subprocess.run(
            [FFMILL, *words, "--data-dir", str(live.data_dir)], check=False, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_ctrl_c_stops_all_of_it_and_the_next_start_keeps_the_key(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as first:
        seconds, left = stop(first)
        assert first.process.returncode == 0
        assert seconds < STOP_SECONDS
        assert not left
    key = (tmp_path / "data" / "api-key").read_text()
    with serving(tmp_path / "data") as second:
        assert key.strip() not in second.said[1]
        assert (tmp_path / "data" / "api-key").read_text() == key
        assert second.jobs() == 200


def test_a_stop_does_not_wait_for_a_long_job(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as service:
        body: dict[str, object] = {
            "input_files": {},
            "output_files": ["x.mp4"],
            "ffmpeg_commands": ["-re -f lavfi -i testsrc=d=600 {{x.mp4}}"],
        }
        request = urllib.request.Request(f"{service.url}/api/ffmpeg", data=json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {(service.data_dir / 'api-key').read_text().strip()}")
        with urllib.request.urlopen(request) as answer:
            job = json.load(answer)["data"]["id"]
        request = urllib.request.Request(f"{service.url}/api/jobs/{job}", headers=dict(request.headers))
        status = "queued"
        while status == "queued":
            with urllib.request.urlopen(request) as answer:
                status = json.load(answer)["data"]["status"]
        assert status == "running"
        seconds, left = stop(service, signal.SIGTERM)
        assert seconds < STOP_SECONDS
        assert not left


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path / "data", FFMILL_DRAIN_SECONDS="600") as service:
        worker = service.pid_of("worker")
        assert worker
        os.kill(worker, signal.SIGSTOP)  # it will not hear the first
        below = descendants(service.process.pid)
        service.process.send_signal(signal.SIGINT)
        log = service.data_dir.parent / "stderr"
        while "stopping" not in log.read_text():
            pass
        service.process.send_signal(signal.SIGINT)
        service.process.wait(PATIENCE_SECONDS)
        assert not survivors(below, PATIENCE_SECONDS)


def test_kill_9_takes_everything_with_it_and_the_next_start_works(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as service:
        below = descendants(service.process.pid)
        assert len(below) >= 4
        service.process.kill()
        service.process.wait()
        assert not survivors(below, PATIENCE_SECONDS)
    with serving(tmp_path / "data") as again:
        assert again.jobs() == 200


def test_a_data_directory_deep_in_a_long_path_works(tmp_path: Path) -> None:
    with serving(tmp_path / ("x" * 120) / ("y" * 120) / "data") as service:
        assert service.jobs() == 200


def test_the_listening_address_may_be_any(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--port", "0", "--host", "0.0.0.0") as service:
        assert service.jobs() == 200


def test_a_worker_that_cannot_start_ends_the_service_with_its_reason(tmp_path: Path) -> None:
    said = refusal(tmp_path / "data", FFMILL_FFMPEG=str(tmp_path / "no-ffmpeg"))
    assert "FFMILL_FFMPEG" in said


def test_an_unreachable_database_ends_the_service_with_the_reason(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and listened on by nobody
        url = f"postgresql://127.0.0.1:{taken.getsockname()[1]}/x"
        assert "the database cannot be reached" in refusal(tmp_path / "data", FFMILL_DATABASE_URL=url)


def test_a_data_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "cannot be used" in refusal(tmp_path / "data")


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        (tmp_path / "disk" / "filler").write_bytes(bytes(1 << 20))
        process = subprocess.run(
            [FFMILL, "serve", "--data-dir", str(disk / "data"), "--port", "0"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert process.returncode == 1
        assert "No space left on device" in process.stderr
        assert process.stderr.count("\n") == 1
    finally:
        subprocess.run(["umount", disk], check=True)
