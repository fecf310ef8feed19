"""A real S3 server for tests: `rclone serve s3` over a directory."""

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffmill import tether
from ffmill.config import Settings
from tests.place import LOOPBACK, Place

RCLONE = Path(sys.executable).with_name("rclone")
KEY_ID, SECRET = "TESTKEY0123456789", "secretsecret0123456789"
BUCKET = "bucket"


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where the server is, and the directory that holds the bucket's objects as files."""

    endpoint: str
    bucket: Path


@contextmanager
def s3_server(root: Path, place: Place = LOOPBACK) -> Generator[S3Server]:
    """The server with an empty bucket below `root`; it says itself where it listens."""
    (root / BUCKET).mkdir(parents=True)
    address = f"{place.address}:0"
    command = [str(RCLONE), "serve", "s3", "--addr", address, "--auth-key", f"{KEY_ID},{SECRET}", str(root)]
    quiet = ["--config", "/dev/null", "--cache-dir", str(root.parent / "cache")]
    with (
        (root.parent / "rclone.log").open("wb") as log,
        subprocess.Popen(tether.command(place.command([*command, *quiet])), stdout=log, stderr=log) as process,
    ):
        try:
            yield S3Server(endpoint=_endpoint(root.parent / "rclone.log", process), bucket=root / BUCKET)
        finally:
            process.terminate()


def s3_settings(server: S3Server, prefix: str, **changes: object) -> Settings:
    """Settings that keep files in the server's bucket, below `prefix`."""
    given: dict[str, Any] = {
        "store_url": f"s3://{BUCKET}/{prefix}",
        "s3_endpoint": server.endpoint,
        "s3_access_key_id": KEY_ID,
        "s3_secret_access_key": SECRET,
        **changes,
    }
    return Settings(**given)


def _endpoint(log: Path, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        if match := re.search(r"http://[\d.]+:\d+", log.read_text()):
            return match[0]
    raise AssertionError(f"rclone did not start: {log.read_text()}")
