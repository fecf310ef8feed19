"""kill -9 of each part of ours while it works: the worker, the API, the parent of all."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.acceptance.client import Client
from tests.faults.conftest import Figure
from tests.faults.house import BROKEN, House, house
from tests.waiting import PATIENCE_SECONDS, seconds_until, until

CLIENTS = 8


def kill(home: House, part: str) -> int:
    """Ends a part of the service at once, and gives the pid that it had."""
    pid = until(lambda: home.service.pid_of(part), f"there is a process {part}")
    os.kill(pid, signal.SIGKILL)
    return pid


def test_jobs_of_a_killed_worker_run_again(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home:
        jobs = [home.submit(3, slow=True) for _ in range(2)]
        before = until(home.at_work(2), "both jobs run")
        keep(home, jobs[0])
        kill(home, "worker")
        figure("worker killed: its jobs run again", seconds_until(home.again(before), "a job runs again"))
        assert {job["status"] for job in home.check()} == {"succeeded"}


def keep(home: House, job: str) -> None:
    """What the first attempt leaves when it is killed after its outputs are in the store, before the job has ended."""
    kept = home.outputs / job / "1" / "o.mkv"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"of a lost attempt")


def test_what_was_answered_is_there_when_the_api_is_killed_amid_submissions(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home:
        enough = threading.Semaphore(0)
        over = threading.Event()

        def submit_on() -> None:
            while not over.is_set():
                if answer := home.client.once("POST", "/api/ffmpeg", home.body(1)):
                    home.accept(answer)
                    enough.release()

        with ThreadPoolExecutor(CLIENTS) as clients:
            running = [clients.submit(submit_on) for _ in range(CLIENTS)]
            for _ in range(2):
                take(enough, 10)
                kill(home, "api")
                figure("API killed: a job is accepted again", seconds_until(lambda: home.submit(1), "it is accepted"))
            over.set()
        for client in running:
            client.result()
        jobs = home.check()
        assert {job["status"] for job in jobs} == {"succeeded"}
        unanswered = len(jobs) - len(home.accepted)
        assert 0 <= unanswered <= 2 * CLIENTS


def take(tokens: threading.Semaphore, count: int) -> bool:
    """Waits for so many."""
    return all(tokens.acquire(timeout=PATIENCE_SECONDS) for _ in range(count))


def test_a_job_ends_although_the_api_that_held_its_clients_is_killed(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home:
        waiting = Client(url=home.service.url, api_key=home.client.api_key)

        def wait() -> str:
            try:
                return waiting.call("POST", "/api/ffmpeg?wait=true", home.body(2, slow=True)).data["status"]
            except BROKEN:
                return "broken off"

        with ThreadPoolExecutor(2) as clients:
            answers = [clients.submit(wait) for _ in range(2)]
            until(home.at_work(2), "both jobs run")
            kill(home, "api")
            figure("API killed: jobs can be read again", seconds_until(home.jobs, "jobs are listed"))
            assert {answer.result() for answer in answers} == {"broken off"}
        assert [job["status"] for job in home.check()] == ["succeeded"] * 2


def test_jobs_run_again_after_the_parent_of_all_is_killed(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home:
        for _ in range(3):
            home.submit(3, slow=True)
        until(home.at_work(2), "jobs run")
        home.kill_parent()
        assert not home.ffmpegs()
        with ThreadPoolExecutor(1) as watcher:
            began = time.monotonic()
            again = watcher.submit(seconds_until, home.at_work(), "a job runs again")
            with home.served_again():
                figure("parent killed: its next start is ready, counted from that", time.monotonic() - began)
                figure("parent killed: jobs run again, counted from the next start", again.result())
                assert {job["status"] for job in home.check()} == {"succeeded"}
