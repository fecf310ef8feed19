"""A whole service under test, what it was asked to do, and what must be true of it after every fault."""

import fcntl
import hashlib
import http.client
import json
import os
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.acceptance.client import Answer, Client, Json, probe, stream
from tests.acceptance.test_serve import Serving, descendants, serving, survivors
from tests.ports import free_port
from tests.processes import command_lines
from tests.waiting import PATIENCE_SECONDS, until

BROKEN = (OSError, http.client.HTTPException)  # what a client sees of a server that dies; urllib's errors are OSErrors
LOOPBACK = {"FFMILL_ALLOW_NETS": "127.0.0.0/8", "FFMILL_RATE_LIMIT_PAID": "1000"}  # clients here ask without a pause
FRAMES_PER_SECOND = 25
ENDS = ("succeeded", "failed", "cancelled")
STAYS = ("status", "finished_at", "error_message", "total_output_bytes")


@dataclass(frozen=True, kw_only=True)
class PatientClient(Client):
    """Tries again after 429, 503 and broken connections, as clients do; nothing may be answered 500."""

    def call(self, method: str, path: str, body: object | None = None) -> Answer:
        """The first answer that is one."""
        return until(lambda: self.once(method, path, body), f"an answer to {method} {path}")

    def once(self, method: str, path: str, body: object | None = None) -> Answer | None:
        """The answer to one try; None when there is none, or only that there will be one later."""
        try:
            answer = super().call(method, path, body)
        except BROKEN:
            return None
        assert answer.status != 500, answer.body
        return answer if answer.status < 500 and answer.status != 429 else None


@dataclass(kw_only=True)
class House:
    """One service, with jobs that can be told from those of any other by a marker in their commands."""

    service: Serving
    scratch: Path
    outputs: Path  # where the store keeps them, as files
    port: int  # stays over restarts
    told: Mapping[str, str]  # the environment's settings
    marker: str = field(default_factory=lambda: f"title=fault-{uuid4().hex}")
    accepted: set[str] = field(default_factory=set[str])  # ids that were answered 200
    whole: set[str] = field(default_factory=set[str])  # digests of outputs that were decoded and found whole

    @property
    def client(self) -> PatientClient:
        """The owner's way in."""
        key = (self.service.data_dir / "api-key").read_text().strip()
        return PatientClient(url=self.service.url, api_key=key)

    def body(self, seconds: int, *, slow: bool = False, **fields: object) -> Json:
        """A job that gives so many seconds of video; a slow one takes as long."""
        pace = "-re " if slow else ""
        source = f"-f lavfi -i testsrc=s=64x64:r={FRAMES_PER_SECOND}"
        same = f"-t {seconds} -c:v mpeg4 -fflags +bitexact -flags:v +bitexact -metadata {self.marker}"
        command = f"{pace}{source} {same} {{{{o.mkv}}}}"
        return {"input_files": {}, "output_files": ["o.mkv"], "ffmpeg_commands": [command], **fields}

    def submit(self, seconds: int, *, slow: bool = False, **fields: object) -> str:
        """The id of an accepted job."""
        return self.accept(self.client.call("POST", "/api/ffmpeg", self.body(seconds, slow=slow, **fields)))

    def accept(self, answer: Answer) -> str:
        """Notes what the service has promised."""
        assert answer.status == 200, answer.body
        self.accepted.add(answer.data["id"])
        return answer.data["id"]

    def get(self, job: str) -> Json:
        """The job now."""
        answer = self.client.call("GET", f"/api/jobs/{job}")
        assert answer.status == 200, f"{job}, which was accepted, is missing: {answer.body}"
        return answer.data

    def jobs(self) -> list[Json]:
        """All that the service knows of, answered to whoever submitted it or not."""
        found, more = list[Json](), True
        while more:
            answer = self.client.call("GET", f"/api/jobs?limit=100&offset={len(found)}")
            found += answer.data
            more = answer.paging["hasMore"]
        return found

    def ffmpegs(self) -> set[int]:
        """The processes that work on this house's jobs."""
        return {pid for pid, words in command_lines() if self.marker in words}

    def all_ended(self) -> list[Json] | None:
        """Every job, once each has ended."""
        jobs = self.jobs()
        return jobs if all(job["status"] in ENDS for job in jobs) else None

    def at_work(self, count: int = 1) -> Callable[[], set[int] | None]:
        """Looks for so many processes of ours at work, and gives them."""
        return lambda: found if len(found := self.ffmpegs()) >= count else None

    def again(self, before: Iterable[int]) -> Callable[[], set[int] | None]:
        """Looks for processes of ours that were not there before."""
        known = set(before)
        return lambda: self.ffmpegs() - known or None

    @contextmanager
    def served_again(self) -> Generator[None]:
        """The service, started anew on the same directory and port after its parent was killed."""
        with serving(self.service.data_dir, "--port", str(self.port), **self.told) as self.service:
            yield

    def check(self) -> list[Json]:
        """Asserts all that must be true once the faults are over, and gives all jobs."""
        jobs = until(self.all_ended, "every job ends")
        missing = self.accepted - {job["id"] for job in jobs}
        assert not missing, f"accepted, and gone: {missing}"
        until(lambda: not self.ffmpegs(), "no ffmpeg is left behind")
        until(lambda: not self.left_in_scratch(), "nothing is left in scratch")
        until(lambda: not self.strays(jobs), "one attempt's objects are kept for each job that succeeded, else none")
        for job in jobs:
            self.check_outputs(job)
        self.check_that_ends_stay(jobs)
        self.check_usage(jobs)
        return jobs

    def check_usage(self, jobs: Iterable[Json]) -> None:
        """Every job that succeeded is in the ledger once, with what was really moved for it."""
        answer = self.client.call("GET", "/api/usage?group_by=status&from=2020-01-01T00:00:00Z")
        used = {group["status"]: group for group in json.loads(answer.body)["data"]}
        done = [job for job in jobs if job["status"] == "succeeded"]
        sums = {name: sum(job[f"total_{name}"] or 0 for job in done) for name in ("input_bytes", "output_bytes")}
        told = used.get("succeeded", {"jobs": 0, "input_bytes": 0, "output_bytes": 0})
        assert {name: told[name] for name in ("jobs", *sums)} == {"jobs": len(done), **sums}

    def check_outputs(self, job: Json) -> None:
        """What a job that succeeded gives can be fetched and is whole; others give nothing."""
        if job["status"] != "succeeded":
            assert job["output_files"] == {}
            return
        answer = self.client.call("GET", job["output_files"]["o.mkv"])
        assert (answer.status, len(answer.body)) == (200, job["total_output_bytes"])
        digest = hashlib.sha256(answer.body).hexdigest()
        if digest not in self.whole:  # the same job gives the same bytes: each kind is decoded once
            self.decode(answer.body, int(re.findall(r" -t (\d+) ", job["ffmpeg_commands"][0])[0]))
            self.whole.add(digest)

    def decode(self, content: bytes, seconds: int) -> None:
        """Counts the frames."""
        path = self.service.data_dir.parent / "output.mkv"
        path.write_bytes(content)
        frames = int(stream(probe(path), "video")["nb_read_frames"])
        assert frames == seconds * FRAMES_PER_SECOND

    def check_that_ends_stay(self, before: list[Json]) -> None:
        """An end never changes."""
        now = {job["id"]: job for job in self.jobs()}
        for job in before:
            assert {name: now[job["id"]][name] for name in STAYS} == {name: job[name] for name in STAYS}

    def left_in_scratch(self) -> list[Path]:
        """Directories of dead workers, and files of attempts in those of the living."""
        dead = [path for path in self.scratch.glob("worker-*") if is_free(path)]
        return dead + list(self.scratch.rglob("*.mkv"))

    def kill_parent(self) -> None:
        """Returns when nothing that it started is left."""
        process = self.service.process
        below = descendants(process.pid)
        process.kill()
        process.wait()
        assert not survivors(below, PATIENCE_SECONDS)

    def strays(self, jobs: Iterable[Json]) -> list[str]:
        """Where the store holds other than what was published."""
        kept = {str(path.relative_to(self.outputs)) for path in self.outputs.rglob("*") if path.is_file()}
        return sorted(kept ^ {published(url) for job in jobs for url in job["output_files"].values()})


@contextmanager
def house(
    home: Path,
    *,
    scratch: Path | None = None,
    outputs: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Generator[House]:
    """A service on a fresh directory, with settings of its own; see `serving`."""
    scratch = scratch or home / "data" / "scratch"
    told = {**LOOPBACK, "FFMILL_SCRATCH": str(scratch), **(environment or {})}
    port = free_port()
    with serving(home / "data", "--port", str(port), **told) as service:
        outputs = outputs or home / "data" / "store" / "outputs"
        yield House(service=service, scratch=scratch, outputs=outputs, port=port, told=told)


def published(url: str) -> str:
    """Job, attempt and name in a download URL of ours."""
    return url.partition("?")[0].partition("/files/outputs/")[2]


def attempt_of(job: Json) -> int:
    """Which attempt at the job gave its output."""
    return int(published(job["output_files"]["o.mkv"]).split("/")[1])


def is_free(directory: Path) -> bool:
    """Whether no living worker holds the directory."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
