"""The scratch disk is full: jobs fail and say so, nothing is left of them, and with room again the next one works."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.acceptance.client import Json
from tests.faults.house import House, house
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")]

FULL = "No space left on device"
LARGE = "-f lavfi -i testsrc2=s=640x360:r=25 -t 20 -c:v rawvideo"


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A file system of its own; 24 MB is room for what cages are made of, and for small jobs."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 20)):
                pass
            while file.write(bytes(512)):
                pass
        except OSError:
            pass
    return filler


def workspaces(home: House) -> set[str]:
    """The directories of attempts, at work or made ready."""
    return {path.name for path in home.scratch.glob("worker-*/*")}


def end_of(home: House, job: str) -> Json:
    """The job, once it has ended."""
    return until(lambda: now if (now := home.get(job))["finished_at"] else None, "the job ends")


def test_jobs_on_a_full_scratch_disk_fail_by_name_and_the_next_one_works(tmp_path: Path, disk: Path) -> None:
    with house(tmp_path, scratch=disk / "scratch") as home:
        upload = home.client.upload(bytes(3 << 20))
        before = workspaces(home)
        too_large = home.body(1, ffmpeg_commands=[f"{LARGE} -metadata {home.marker} {{{{o.mkv}}}}"])
        one = home.accept(home.client.call("POST", "/api/ffmpeg", too_large))
        filled_by_itself = end_of(home, one)
        assert filled_by_itself["status"] == "failed"
        assert FULL in filled_by_itself["error_message"]
        until(lambda: len(workspaces(home) - before) == len(before - workspaces(home)) == 1, "what it wrote is gone")
        filler = fill(disk)
        command = [f"-i {{{{in.mkv}}}} -metadata {home.marker} {{{{o.mkv}}}}"]
        bodies = [
            home.body(1),
            home.body(1, input_files={"in.mkv": upload}, ffmpeg_commands=command),
            home.body(1, input_files={"in.mkv": f"{home.service.url}/api/docs"}, ffmpeg_commands=command),
        ]
        for body in bodies * 2:
            job = end_of(home, home.accept(home.client.call("POST", "/api/ffmpeg", body)))
            assert job["status"] == "failed"
            assert FULL in job["error_message"], job["error_message"]
        filler.unlink()
        assert end_of(home, home.submit(1))["status"] == "succeeded"
        home.check()
