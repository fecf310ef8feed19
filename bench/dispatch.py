"""How long an idle service takes from the answer to a submit until ffmpeg is at work.

    python bench/dispatch.py [--rounds 60]

ffmpeg opens the file that `-progress` names while it reads its options, some 5 ms after its start; when that was, the
file system tells (statx(2), birth time), for the file moves into the store as it is.
"""

import argparse
import asyncio
import statistics
import subprocess
import time
from pathlib import Path

from service import Service, start_service

BODY: dict[str, object] = {
    "output_files": ["started.txt"],
    "ffmpeg_commands": ["-progress outputs/started.txt -f lavfi -i anullsrc -t 0.01 -f null -"],
}


def born(path: Path) -> float:
    """Seconds since the epoch."""
    told = subprocess.run(["stat", "-c", "%.9W", path], check=True, capture_output=True, text=True)
    return float(told.stdout)


async def one(service: Service) -> float:
    """Milliseconds from the answer to ffmpeg."""
    job = await service.run(BODY, wait=False)
    answered = time.time()
    status = job["status"]
    while status in ("queued", "running"):
        await asyncio.sleep(0.05)
        async with service.session.get(f"{service.url}/api/jobs/{job['id']}") as answer:
            status = (await answer.json())["data"]["status"]
    assert status == "succeeded", job
    return (born(service.data_dir / "store" / "outputs" / str(job["id"]) / "1" / "started.txt") - answered) * 1000


async def main() -> None:
    """Prints median and 95th percentile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    async with start_service() as service:
        await one(service)
        took = [await one(service) for _ in range(asked.rounds)]
    print(f"answer to ffmpeg: p50 {statistics.median(took):.1f} ms, p95 {statistics.quantiles(took, n=20)[-1]:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
