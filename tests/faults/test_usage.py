"""What is billed is what was moved, whatever died meanwhile."""

import os
import signal
from pathlib import Path

from tests.faults.house import house
from tests.source import CONTENT, source
from tests.waiting import until

JOBS = 6


def test_the_ledger_tells_what_was_moved_after_workers_and_apis_were_killed(tmp_path: Path) -> None:
    with house(tmp_path) as home, source() as inputs:
        body = {"input_files": {"one.bin": inputs.url, "two.bin": f"{inputs.url}?other"}}
        for _ in range(JOBS):
            home.submit(2, slow=True, **body)
        for part in ("worker", "worker", "api", "worker"):
            before = until(home.at_work(), "a job runs")
            os.kill(until(lambda part=part: home.service.pid_of(part), f"there is a {part}"), signal.SIGKILL)
            if part == "worker":
                until(home.again(before), "a job runs again")
        jobs = home.check()
        assert {job["status"] for job in jobs} == {"succeeded"}
        assert {job["total_input_bytes"] for job in jobs} == {2 * len(CONTENT)}
        assert inputs.sent >= JOBS * 2 * len(
            CONTENT
        )  # what attempts fetched that died with their workers is not billed
