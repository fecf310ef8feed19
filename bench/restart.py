"""How long after a kill -9 of `ffmill serve` its jobs run again, counted from its next start.

python bench/restart.py [--rounds 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from service import free_port

MARK = f"title=restart-{os.getpid()}"
JOB = {
    "output_files": ["o.mkv"],
    "ffmpeg_commands": [f"-re -f lavfi -i testsrc=s=64x64 -t 3600 -metadata {MARK} {{{{o.mkv}}}}"],
}


def start(directory: Path, port: int) -> "subprocess.Popen[str]":
    """The service; it says in a line when it is ready."""
    command = [str(Path(sys.executable).with_name("ffmill")), "serve", "--data-dir", str(directory)]
    return subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def call(directory: Path, port: int, path: str, body: object) -> Any:
    """A request with the owner's key."""
    request = Request(f"http://127.0.0.1:{port}{path}", data=json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {(directory / 'api-key').read_text().strip()}")
    with urlopen(request) as answer:
        return json.load(answer)["data"]


def at_work() -> int:
    """How many ffmpegs of ours there are."""
    return len(subprocess.run(["pgrep", "-f", MARK], check=False, capture_output=True).stdout.split())


def seconds_until(count: int) -> float:
    """How long it takes until so many are at work."""
    begun = time.perf_counter()
    while at_work() != count:
        time.sleep(0.005)
    return time.perf_counter() - begun


def main() -> None:
    """Prints each round and the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    gone: list[float] = []
    again: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as name:
        directory, port = Path(name) / "data", free_port()
        service = start(directory, port)
        assert service.stdout
        service.stdout.readline()
        jobs = [call(directory, port, "/api/ffmpeg", JOB) for _ in range(2)]
        seconds_until(2)
        for _ in range(asked.rounds):
            time.sleep(1)
            service.kill()
            service.wait()
            gone.append(seconds_until(0) * 1000)
            service = start(directory, port)
            again.append(seconds_until(2))
        for job in jobs:
            call(directory, port, f"/api/jobs/{job['id']}/cancel", {})
        service.terminate()
        service.wait()
    print(f"ffmpeg gone after the kill: median {statistics.median(gone):.0f} ms, longest {max(gone):.0f} ms")
    print(f"jobs run again after the start: median {statistics.median(again):.2f} s, longest {max(again):.2f} s")


if __name__ == "__main__":
    main()
