"""A small client for the acceptance tests: the API as a stranger uses it, and ffprobe for what came out."""

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffmill import programs
from ffmill.config import Settings

FFPROBE = str(programs.ffprobe(Settings()))
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """What the answer wraps."""
        return json.loads(self.body)["data"]

    @property
    def paging(self) -> Json:
        """Which part of a list the answer holds."""
        return json.loads(self.body)["pagingParams"]

    @property
    def message(self) -> str:
        """The error's message."""
        return json.loads(self.body)["message"]

    @property
    def error_code(self) -> str:
        """The error's code."""
        return json.loads(self.body)["errorCode"]


@dataclass(frozen=True, kw_only=True)
class Client:
    """One account's way to the service."""

    url: str
    api_key: str

    def call(self, method: str, path: str, body: object | None = None) -> Answer:
        """One request with our key; `path` may be a whole URL."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        url = path if "://" in path else self.url + path
        request = urllib.request.Request(url, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.api_key}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return Answer(status=answer.status, headers=dict(answer.headers), body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, headers=dict(error.headers), body=error.read())

    def upload(self, content: bytes) -> str:
        """Stores bytes as a temporary file and gives its download URL."""
        urls = self.call("POST", "/api/tmp-file").data
        answer = self.call("PUT", urls["upload_url"], content)
        assert answer.status == 200, answer.body
        return urls["download_url"]

    def run(self, inputs: dict[str, str], outputs: list[str], *commands: str, **fields: object) -> Json:
        """Submits a job and waits for its end."""
        body = {"input_files": inputs, "output_files": outputs, "ffmpeg_commands": list(commands), **fields}
        answer = self.call("POST", "/api/ffmpeg?wait=true", body)
        assert answer.status == 200, answer.body
        return answer.data

    def convert(self, inputs: dict[str, str], outputs: list[str], *commands: str, **fields: object) -> Json:
        """The same for a job that must succeed."""
        job = self.run(inputs, outputs, *commands, **fields)
        assert job["status"] == "succeeded", job["error_message"] + "\n" + self.log(job)
        return job

    def log(self, job: Json) -> str:
        """The job's log."""
        return self.call("GET", f"/api/jobs/{job['id']}/logs").body.decode()

    def download(self, job: Json, name: str, directory: Path) -> Path:
        """An output of the job, as a file."""
        answer = self.call("GET", job["output_files"][name])
        assert answer.status == 200
        path = directory / name
        path.write_bytes(answer.body)
        return path


def probe(path: Path) -> Json:
    """What ffprobe sees: its format and streams, frames counted by decoding."""
    command = [FFPROBE, "-v", "error", "-count_frames", "-show_format", "-show_streams", "-of", "json", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def stream(facts: Json, kind: str) -> Json:
    """The first stream of a kind: `video`, `audio`."""
    return next(found for found in facts["streams"] if found["codec_type"] == kind)


def seconds(facts: Json) -> float:
    """The duration of the file."""
    return float(facts["format"]["duration"])
