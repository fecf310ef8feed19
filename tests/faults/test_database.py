"""The embedded PostgreSQL dies, or is restarted, while jobs run and clients submit more."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.conftest import Figure
from tests.faults.house import House, attempt_of, house
from tests.waiting import seconds_until, until

CLIENTS = 10
JOBS = 50


def end_database(home: House, how: signal.Signals) -> None:
    """Sends the postmaster a signal and waits until it is another one's turn."""
    pid = until(lambda: home.service.pid_of("postgres"), "there is a postmaster")
    os.kill(pid, how)
    until(lambda: home.service.pid_of("postgres") not in (None, pid), "the next postmaster is there")


def test_commands_at_work_go_on_while_the_postmaster_is_killed(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home:
        for _ in range(2):
            home.submit(6, slow=True)
        until(home.at_work(2), "two jobs run")
        for _ in range(4):
            home.submit(1)
        end_database(home, signal.SIGKILL)
        figure("postmaster killed: a job is accepted again", seconds_until(lambda: home.submit(1), "it is accepted"))
        jobs = home.check()
        assert {job["status"] for job in jobs} == {"succeeded"}
        assert {attempt_of(job) for job in jobs} == {1}


def test_no_job_is_lost_when_postgresql_is_restarted_amid_fifty(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path) as home, ThreadPoolExecutor(CLIENTS) as clients:
        submissions = [clients.submit(home.submit, 1) for _ in range(JOBS)]
        until(home.at_work(), "jobs run")
        until(lambda: len(home.accepted) > JOBS // 4, "a quarter is accepted")
        end_database(home, signal.SIGINT)
        figure("PostgreSQL restarted amid 50 jobs: they are read again", seconds_until(home.jobs, "jobs are listed"))
        for submission in submissions:
            submission.result()
        assert {job["status"] for job in home.check()} == {"succeeded"}
        assert len(home.accepted) == JOBS
