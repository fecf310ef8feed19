"""Workers whose clocks are an hour off: decisions are the database's clock's, durations the monotonic one's."""

import queue
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.client import Json
from tests.faults.house import attempt_of, house
from tests.faults.workers import second_worker
from tests.waiting import PATIENCE_SECONDS

HOUR_SECONDS = 3600
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS
LOST_SECONDS = 4
HOOKED = 4

# Python's own clock, in the workers' processes alone; ours asks no other (PostgreSQL and obstore have the host's).
SHIFT = """
import os, sys, time
if "worker" in sys.orig_argv:
    off, plain, plain_ns = float(os.environ["CLOCK_OFF"]), time.time, time.time_ns
    time.time = lambda: plain() + off
    time.time_ns = lambda: plain_ns() + int(off * 1e9)
    with open(os.environ["CLOCK_PROOF"], "w") as proof:
        proof.write(str(time.time()))
"""


def test_workers_whose_clocks_are_wrong_break_nothing(
    tmp_path: Path, receiver: "tuple[str, queue.Queue[tuple[str, dict[str, str], Any]]]"
) -> None:
    hook, calls = receiver
    lost = {"FFMILL_WORKER_LOST_SECONDS": str(LOST_SECONDS), "FFMILL_CONCURRENCY": "1"}
    early, late = shifted(tmp_path, "early", HOUR_SECONDS), shifted(tmp_path, "late", -HOUR_SECONDS)
    with house(tmp_path / "service", environment={**lost, **early}) as home, second_worker(home, "late", late):
        assert off(early) > HOUR_SECONDS - PATIENCE_SECONDS
        assert off(late) < PATIENCE_SECONDS - HOUR_SECONDS
        uploaded = home.client.upload(b"kept by the API, read by a worker")
        submitted = [home.submit(LOST_SECONDS + 2, slow=True) for _ in range(2)]
        submitted += [home.submit(1, webhook_url=hook, input_files={"unused": uploaded}) for _ in range(HOOKED)]
        bodies: list[Json] = [calls.get(timeout=PATIENCE_SECONDS)[2] for _ in range(HOOKED)]
        jobs = home.check()
        assert [job["id"] for job in reversed(jobs)] == submitted
        for job in jobs:
            assert (job["status"], attempt_of(job)) == ("succeeded", 1)
            assert job["created_at"] <= job["queued_at"] <= job["started_at"] <= job["finished_at"]
        for body in bodies:
            url: str = body["output_files"]["o.mkv"]
            assert home.client.call("GET", url).status == 200
            (expires,) = parse_qs(urlsplit(url).query)["expires"]
            assert abs(int(expires) - time.time() - WEEK_SECONDS) < HOUR_SECONDS + PATIENCE_SECONDS


def shifted(directory: Path, name: str, seconds: float) -> dict[str, str]:
    """The environment of a worker whose clock is off by so much, and which leaves a proof of it."""
    (directory / "sitecustomize.py").write_text(SHIFT)
    return {"PYTHONPATH": str(directory), "CLOCK_OFF": str(seconds), "CLOCK_PROOF": str(directory / name)}


def off(environment: dict[str, str]) -> float:
    """By how much a worker's clock was off, as it said itself when it started."""
    return float(Path(environment["CLOCK_PROOF"]).read_text()) - time.time()
