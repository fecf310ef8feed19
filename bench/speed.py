"""What this machine converts: seconds of media and megabytes of input a second, for a few usual conversions.

    python bench/speed.py [--seconds 30] [--rounds 3]

Each is one job at a time through the service, from the submit to its end, on all cores; the last column counts the CPU
that the commands took, and hardly depends on what else the machine does. `docs/costs.md` reckons with these figures.
"""

import argparse
import asyncio
import re
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
INPUT = "-vf scale=1920:1080 -c:v libx264 -preset veryfast -b:v 8M -pix_fmt yuv420p -ac 2 -c:a aac -b:a 160k"
CPU = re.compile(r"; CPU ([\d.]+) s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """A conversion, as the arguments that follow the input."""

    name: str
    arguments: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Footage:
    """What is converted, and where the service finds it."""

    url: str
    bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What a job took, in seconds."""

    wall: float
    cpu: float


LADDER = (
    "-filter_complex '[0:v]split=3[a][b][c];[a]scale=-2:1080[v1];[b]scale=-2:720[v2];[c]scale=-2:360[v3]' "
    "-map '[v1]' -map 0:a -map '[v2]' -map 0:a -map '[v3]' -map 0:a -c:v libx264 -preset veryfast "
    "-b:v:0 5000k -b:v:1 2800k -b:v:2 800k -c:a aac -f hls -hls_time 4 -hls_playlist_type vod "
    "-var_stream_map 'v:0,a:0 v:1,a:1 v:2,a:2' -hls_segment_filename outputs/s%v_%03d.ts outputs/s%v.m3u8"
)
CONVERSIONS = (
    Conversion(name="other container, no encoding", arguments="-c copy {{o.mkv}}", outputs=("o.mkv",)),
    Conversion(name="sound to MP3", arguments="-vn -c:a libmp3lame -q:a 2 {{o.mp3}}", outputs=("o.mp3",)),
    Conversion(
        name="even loudness, picture copied",
        arguments="-c:v copy -af loudnorm=I=-16 -ar 48000 -c:a aac {{o.mp4}}",
        outputs=("o.mp4",),
    ),
    Conversion(
        name="to 720p H.264, veryfast",
        arguments="-vf scale=-2:720 -c:v libx264 -preset veryfast -c:a aac {{o.mp4}}",
        outputs=("o.mp4",),
    ),
    Conversion(
        name="to 1080p H.264, veryfast",
        arguments="-c:v libx264 -preset veryfast -c:a aac {{o.mp4}}",
        outputs=("o.mp4",),
    ),
    Conversion(
        name="to 1080p H.264, medium", arguments="-c:v libx264 -preset medium -c:a aac {{o.mp4}}", outputs=("o.mp4",)
    ),
    Conversion(name="HLS in 1080p, 720p, 360p", arguments=LADDER, outputs=("s*.m3u8", "s*.ts")),
    Conversion(
        name="to 1080p HEVC, fast", arguments="-c:v libx265 -preset fast -c:a aac {{o.mp4}}", outputs=("o.mp4",)
    ),
    Conversion(
        name="to 1080p AV1, preset 10", arguments="-c:v libsvtav1 -preset 10 -c:a aac {{o.mp4}}", outputs=("o.mp4",)
    ),
)


async def footage(service: Service, seconds: int) -> Footage:
    """The shipped clip again and again, as 1080p of 8 Mbit/s, stored with the service."""
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory:
        path = Path(directory) / "in.mp4"
        words = ["-v", "error", "-stream_loop", "-1", "-i", str(MEDIA), "-t", str(seconds), *INPUT.split(), str(path)]
        subprocess.run([FFMPEG, *words], check=True)
        content = path.read_bytes()
    async with service.session.post(f"{service.url}/api/tmp-file") as answer:
        urls = (await answer.json())["data"]
    async with service.session.put(urls["upload_url"], data=content) as answer:
        assert answer.status == 200, await answer.text()
    return Footage(url=urls["download_url"], bytes=len(content), seconds=seconds)


async def convert(service: Service, conversion: Conversion, source: Footage) -> Took:
    """One job."""
    body: dict[str, object] = {
        "input_files": {"in.mp4": source.url},
        "output_files": list(conversion.outputs),
        "ffmpeg_commands": [f"-i {{{{in.mp4}}}} {conversion.arguments}"],
    }
    begun = time.perf_counter()
    job = await service.run(body)
    wall = time.perf_counter() - begun
    assert job["status"] == "succeeded", job
    async with service.session.get(f"{service.url}/api/jobs/{job['id']}/logs") as answer:
        found = CPU.search(await answer.text())
    assert found is not None
    return Took(wall=wall, cpu=float(found[1]))


async def measure(seconds: int, rounds: int) -> None:
    """Prints a line for each conversion, of medians."""
    async with start_service() as service:
        source = await footage(service, seconds)
        print(f"input: {source.seconds} s of 1080p, {source.bytes / 1e6:.1f} MB\n")
        print("| conversion | input MB a second | seconds of media a second | seconds of media per second of a core |")
        print("|---|---|---|---|")
        for conversion in CONVERSIONS:
            took = [await convert(service, conversion, source) for _ in range(rounds)]
            wall = statistics.median(one.wall for one in took)
            cpu = statistics.median(one.cpu for one in took)
            print(
                f"| {conversion.name} | {source.bytes / 1e6 / wall:.1f} | {source.seconds / wall:.1f} |"
                f" {source.seconds / cpu:.2f} |",
                flush=True,
            )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    asyncio.run(measure(asked.seconds, asked.rounds))


if __name__ == "__main__":
    main()
