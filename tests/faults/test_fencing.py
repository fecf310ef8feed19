"""Workers that are taken for dead and come back, and jobs that a living worker knows nothing of."""

import os
import signal
from pathlib import Path

from ffmill.config import Settings
from ffmill.db.embedded import database_url
from ffmill.db.pool import open_pool
from ffmill.jobs import attempts
from tests.faults.conftest import Figure
from tests.faults.house import House, attempt_of, house
from tests.faults.workers import second_worker, worker_of
from tests.processes import has_ended
from tests.waiting import seconds_until, until

LOST_SECONDS = 4


def test_a_worker_that_was_paused_changes_nothing_when_it_comes_back(tmp_path: Path, figure: Figure) -> None:
    lost = {"FFMILL_WORKER_LOST_SECONDS": str(LOST_SECONDS), "FFMILL_CONCURRENCY": "1"}
    with house(tmp_path, environment=lost) as home, second_worker(home, "second"):
        job = home.submit(2, slow=True)
        (ffmpeg,) = until(home.at_work(), "the job runs")
        paused = worker_of(ffmpeg)
        os.kill(paused, signal.SIGSTOP)
        figure(
            f"worker paused, lost after {LOST_SECONDS} s: its job runs elsewhere",
            seconds_until(home.again([ffmpeg]), "it runs elsewhere"),
        )
        until(lambda: home.get(job)["status"] == "succeeded", "the job succeeds elsewhere")
        before = home.get(job)
        os.kill(paused, signal.SIGCONT)
        until(lambda: has_ended(paused), "the worker that was taken for dead ends")
        (after,) = home.check()
        assert (after["finished_at"], attempt_of(after)) == (before["finished_at"], 2)


async def test_a_job_whose_claim_was_never_answered_runs_all_the_same(tmp_path: Path, figure: Figure) -> None:
    with house(tmp_path, environment={"FFMILL_WORKER_LOST_SECONDS": "6", "FFMILL_CONCURRENCY": "1"}) as home:
        home.submit(3, slow=True)
        until(home.at_work(), "the only slot is taken")
        job = home.submit(1)
        await claim_in_the_name_of_the_worker(home)
        assert home.get(job)["status"] == "running"
        figure(
            "claimed without an answer: the job has ended",
            seconds_until(lambda: home.get(job)["status"] == "succeeded", "it ends"),
        )
        assert {attempt_of(done) for done in home.check()} == {1, 2}


async def claim_in_the_name_of_the_worker(home: House) -> None:
    """What a worker does whose connection breaks between the commit of its claim and the answer."""
    async with (
        open_pool(database_url(Settings(data_dir=home.service.data_dir))) as pool,
        pool.connection() as connection,
    ):
        row = await (await connection.execute("SELECT id FROM workers")).fetchone()
        assert row is not None
        assert await attempts.claim(connection, machine="cpu", worker=row[0], ticket=0)
