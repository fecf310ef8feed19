"""ffmpeg never outlives its worker, however that dies."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
import asyncio, sys, threading
from pathlib import Path
import uvloop
from ffmill.config import Settings
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), sandbox=sys.argv[2])
    words = "-nostdin -re -f lavfi -i testsrc2=s=64x64 -stats_period 0.05 -progress pipe:3 -f null -".split()
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
        async with sandbox.cage(workspace) as idle, sandbox.cage(workspace) as cage:
            told = False
            def on_progress(chunk):
                nonlocal told
                if not told:
                    told = True
                    print(idle.pid, cage.pid, flush=True)
            await cage.run(words, Limits.of(settings), on_progress=on_progress)
uvloop.run(main())
"""


@pytest.mark.parametrize("level", ["full", "landlock", "off"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_cages_die_with_their_worker(tmp_path: Path, level: str, number: signal.Signals) -> None:
    words = [sys.executable, "-c", WORKER, tmp_path / "data", level]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        while line and not line.split()[0].isdigit():  # it warns of level off
            line = worker.stdout.readline()
        victims = [os.pidfd_open(int(pid)) for pid in line.split()]
        assert len(victims) == 2, worker.stderr and worker.stderr.read()
        worker.send_signal(number)
        for victim in victims:
            ended, _, _ = select.select([victim], [], [], 5)
            assert ended, "it lives on"
            os.close(victim)
        worker.communicate()
