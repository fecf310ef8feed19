"""Starts ffmill, converts the clip beside this file over its HTTP API, shows the result, and stops ffmill again.

Run it by `make demo`. It asks nothing of ffmill but what every client can.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ffmill import programs
from ffmill.config import Settings

CLIP = Path(__file__).parent / "media" / "bigbuckbunny.mp4"
DATA_DIR = Path("ffmill-data")
PORT = 8000
COMMANDS = [
    "-i {{clip.mp4}} -vf scale=640:-2 -c:v libx264 -preset medium -c:a aac -b:a 96k -ac 2 {{small.mp4}}",
    "-ss 2 -i {{clip.mp4}} -frames:v 1 -vf scale=320:-2 {{thumbnail.jpg}}",
]
FFMILL = Path(sys.executable).with_name("ffmill")
POLL_SECONDS = 0.1
CONSOLE = Console()


class Api:
    """The few calls that the demo makes."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key

    def call(self, path: str, body: object = None) -> dict[str, Any]:
        """POST where there is a body, else GET; gives what the answer holds as `data`."""
        request = Request(f"{self.url}{path}", data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self._key}")
        request.add_header("Content-Type", "application/json")
        with urlopen(request) as answer:
            return json.load(answer)["data"]

    def upload(self, path: Path) -> str:
        """Gives the URL under which a job finds the file."""
        urls = self.call("/api/tmp-file", {})
        urlopen(Request(urls["upload_url"], data=path.read_bytes(), method="PUT")).close()
        return urls["download_url"]

    def download(self, url: str, path: Path) -> Path:
        """Fetches an output; its URL needs no key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with urlopen(url) as answer:
            path.write_bytes(answer.read())
        return path


def main() -> None:
    """The whole demo."""
    began = time.monotonic()
    with service() as api:
        job = api.call("/api/ffmpeg", submission(api))
        CONSOLE.print(f"job [bold]{job['id']}[/] is {job['status']}")
        job = follow(api, job)
        if job["status"] != "succeeded":
            sys.exit(f"the job {job['status']}: {job['error_message']}")
        show(api, job)
    CONSOLE.print(f"ffmill has stopped; {time.monotonic() - began:.1f} s in all. For a file of your own:")
    CONSOLE.print("  .venv/bin/ffmill serve")
    CONSOLE.print("[dim]  and in a second terminal[/]")
    CONSOLE.print("  .venv/bin/ffmill ffmpeg -i yours.mov -vf scale=640:-2 out.mp4")


@contextmanager
def service() -> Generator[Api]:
    """`ffmill serve`, until the demo is over."""
    command = [str(FFMILL), "serve", "--data-dir", str(DATA_DIR), "--port", str(free_port())]
    environment = {"FFMILL_LOG_LEVEL": "warning", **os.environ}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Api(ready_at(process), (DATA_DIR / "api-key").read_text().strip())
        finally:
            process.terminate()


def ready_at(process: subprocess.Popen[str]) -> str:
    """Waits until the service says that it is ready; gives its URL."""
    assert process.stdout  # noqa: S101  # it is a pipe
    line = process.stdout.readline().strip()
    if not line:
        sys.exit(1)  # it has said why
    CONSOLE.print(line)
    return line.split()[-1]


def free_port() -> int:
    """8000, or any when somebody listens there."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def submission(api: Api) -> dict[str, Any]:
    """What the job shall do."""
    CONSOLE.print(f"uploading {CLIP.name}, {CLIP.stat().st_size / 1e6:.1f} MB")
    for command in COMMANDS:
        CONSOLE.print(Text(f"  ffmpeg {command}", style="dim"))
    return {
        "input_files": {"clip.mp4": api.upload(CLIP)},
        "output_files": ["small.mp4", "thumbnail.jpg"],
        "ffmpeg_commands": COMMANDS,
    }


def follow(api: Api, job: dict[str, Any]) -> dict[str, Any]:
    """Shows the job's progress until it has ended."""
    columns = (TextColumn("{task.description:>9}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=CONSOLE) as bar:
        task = bar.add_task(job["status"], total=100)
        while job["status"] in ("queued", "running"):
            time.sleep(POLL_SECONDS)
            job = api.call(f"/api/jobs/{job['id']}")
            bar.update(task, description=job["status"], completed=job["progress"] or 0)
    return job


def show(api: Api, job: dict[str, Any]) -> None:
    """Fetches the outputs and says what they are, as ffprobe sees them."""
    table = Table("output", "codec", "size", "bytes", "seconds")
    for name, url in job["output_files"].items():
        path = api.download(url, DATA_DIR / "demo" / name)
        table.add_row(name, *probe(path))
    CONSOLE.print(table)
    for name, url in job["output_files"].items():
        CONSOLE.print(f"{DATA_DIR / 'demo' / name}", f"{url}", sep="\n  ", soft_wrap=True, highlight=False)


def probe(path: Path) -> tuple[str, str, str, str]:
    """Codecs, picture size, bytes and seconds of a media file."""
    program = programs.ffprobe(Settings())
    entries = "stream=codec_name,codec_type,width,height:format=duration,size"
    told = subprocess.run(
        [program, "-v", "error", "-of", "json", "-show_entries", entries, path], check=True, capture_output=True
    )
    found = json.loads(told.stdout)
    video = next(stream for stream in found["streams"] if stream["codec_type"] == "video")
    codecs = " + ".join(stream["codec_name"] for stream in found["streams"])
    seconds = found["format"].get("duration", "")
    return (
        codecs,
        f"{video['width']}×{video['height']}",
        f"{int(found['format']['size']):,}",
        f"{float(seconds):.2f}" if seconds else "",
    )


if __name__ == "__main__":
    try:
        main()
    except HTTPError as error:
        sys.exit(f"ffmill answered {error.code}: {error.read().decode()}")
    except KeyboardInterrupt:
        sys.exit(130)
