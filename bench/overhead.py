"""What the service costs beyond raw ffmpeg: milliseconds of one job on an idle service, and jobs a second in a flood.

    python bench/overhead.py [--rounds 20] [--flood 100] [--turns 3]

Raw and service take turns in one run, so that a noisy machine strikes both: quote the differences and the ratios.
"""

import argparse
import asyncio
import os
import shlex
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from service import MEDIA, Service, start_service

from ffmill import programs
from ffmill.config import Settings

FFMPEG = str(programs.ffmpeg(Settings()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A command, as ffmpeg's arguments with IN for the input, and its output."""

    name: str
    arguments: str
    output: str


THUMBNAIL = Work(name="thumbnail", arguments="-ss 1 -i IN -frames:v 1", output="o.jpg")
WORKS = (
    THUMBNAIL,
    Work(name="5 s stream copy", arguments="-i IN -t 5 -c copy", output="o.mp4"),
    Work(name="5 s 640x360 encode", arguments="-i IN -t 5 -vf scale=640:360 -preset veryfast", output="o.mp4"),
)


def raw_command(work: Work, output: str) -> str:
    """The command line of raw ffmpeg on the local file."""
    arguments = work.arguments.replace("IN", shlex.quote(str(MEDIA)))
    return f"{FFMPEG} -nostdin -hide_banner -y {arguments} {output}"


def raw(work: Work) -> float:
    """Milliseconds of raw ffmpeg on local files."""
    with tempfile.TemporaryDirectory() as directory:
        begun = time.perf_counter()
        subprocess.run(shlex.split(raw_command(work, work.output)), cwd=directory, check=True, capture_output=True)
        return (time.perf_counter() - begun) * 1000


def body(work: Work, service: Service) -> dict[str, object]:
    """The job that does the same."""
    arguments = work.arguments.replace("IN", "{{in.mp4}}")
    return {
        "input_files": {"in.mp4": service.input_url},
        "output_files": [work.output],
        "ffmpeg_commands": [f"{arguments} {{{{{work.output}}}}}"],
    }


async def through(work: Work, service: Service) -> float:
    """Milliseconds from submit to the end seen by a waiting client."""
    begun = time.perf_counter()
    job = await service.run(body(work, service))
    took = (time.perf_counter() - begun) * 1000
    assert job["status"] == "succeeded", job
    return took


async def latency(service: Service, rounds: int) -> None:
    """Prints the medians and the spread of each work."""
    print(f"{'':20} {'raw ms':>8} {'service ms':>11} {'beyond raw ms':>14}   quartiles of the difference")
    for work in WORKS:
        await through(work, service)
        raws, services, beyond = list[float](), list[float](), list[float]()
        for _ in range(rounds):
            before, service_ms, after = raw(work), await through(work, service), raw(work)
            raws.append((before + after) / 2)
            services.append(service_ms)
            beyond.append(service_ms - (before + after) / 2)
        low, _, high = statistics.quantiles(beyond, n=4)
        print(
            f"{work.name:20} {statistics.median(raws):8.1f} {statistics.median(services):11.1f}"
            f" {statistics.median(beyond):+14.1f}   {low:+.1f} … {high:+.1f}"
        )


def raw_flood(count: int, at_once: int) -> float:
    """Thumbnails a second of `xargs -P`."""
    with tempfile.TemporaryDirectory() as directory:
        lines = "\n".join(raw_command(THUMBNAIL, f"{number}.jpg") for number in range(count))
        begun = time.perf_counter()
        subprocess.run(
            ["xargs", "-P", str(at_once), "-I", "LINE", "sh", "-c", "exec LINE"],
            input=lines.encode(),
            cwd=directory,
            check=True,
            capture_output=True,
        )
        made = len(list(Path(directory).glob("*.jpg")))
        assert made == count, made
        return count / (time.perf_counter() - begun)


async def service_flood(service: Service, count: int) -> float:
    """Thumbnails a second through the service: all submitted at once, until the last has ended."""
    begun = time.perf_counter()
    jobs = await asyncio.gather(*(service.run(body(THUMBNAIL, service), wait=False) for _ in range(count - 1)))
    await service.run(body(THUMBNAIL, service))
    while not all([await _ended(service, job) for job in jobs[-32:]]):
        pass
    took = time.perf_counter() - begun
    for job in jobs:
        assert await _ended(service, job) == "succeeded"
    return count / took


async def _ended(service: Service, job: dict[str, object]) -> str | None:
    async with service.session.get(f"{service.url}/api/jobs/{job['id']}") as answer:
        status = (await answer.json())["data"]["status"]
    return None if status in ("queued", "running") else status


async def flood(service: Service, count: int, turns: int) -> None:
    """Prints the share of raw throughput that the service reaches, in turns."""
    at_once = len(os.sched_getaffinity(0))
    shares: list[float] = []
    for _ in range(turns):
        bare = raw_flood(count, at_once)
        served = await service_flood(service, count)
        shares.append(served / bare)
        print(
            f"{count} thumbnails: xargs -P{at_once} {bare:5.1f}/s, service {served:5.1f}/s, share {served / bare:.2f}"
        )
    print(f"median share {statistics.median(shares):.2f}")


async def main() -> None:
    """Runs both parts against one fresh service."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--flood", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    async with start_service() as service:
        if asked.rounds:
            await latency(service, asked.rounds)
        if asked.flood:
            await flood(service, asked.flood, asked.turns)


if __name__ == "__main__":
    asyncio.run(main())
