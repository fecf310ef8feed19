"""What the benches share: a real `ffmill serve` on a directory of its own, and a loopback server for its inputs."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

MEDIA = Path(__file__).parents[1] / "examples" / "media" / "bigbuckbunny.mp4"
READY_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A live service and what a client needs of it."""

    url: str
    api_key: str
    input_url: str
    data_dir: Path
    session: aiohttp.ClientSession

    async def run(self, body: dict[str, object], *, wait: bool = True) -> dict[str, object]:
        """Submits a job; with `wait`, gives it when it has ended."""
        query = "?wait=true" if wait else ""
        async with self.session.post(f"{self.url}/api/ffmpeg{query}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json(content_type=None))["data"]


@asynccontextmanager
async def start_service(**environment: str) -> AsyncGenerator[Service]:
    """`ffmill serve` with its defaults on a fresh data directory, stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="ffmill-bench-") as directory:
        data, port = Path(directory) / "data", free_port()
        command = [str(Path(sys.executable).with_name("ffmill")), "serve", "--data-dir", str(data), "--port", str(port)]
        settings = {
            "FFMILL_ALLOW_NETS": "127.0.0.0/8",
            "FFMILL_LOG_LEVEL": "warning",
            "FFMILL_RATE_LIMIT_PAID": "0",
        }
        with (Path(directory) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **settings, **environment}, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            url = f"http://127.0.0.1:{port}"
            await _ready(url, process, Path(directory) / "log")
            key = (data / "api-key").read_text().strip()
            async with (
                _files() as input_url,
                aiohttp.ClientSession(
                    # dropped before the server does it: a POST is not sent again by itself
                    connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2),
                    headers={"Authorization": f"Bearer {key}"},
                ) as session,
            ):
                yield Service(url=url, api_key=key, input_url=input_url, data_dir=data, session=session)
        finally:
            process.terminate()
            process.wait(timeout=15)


async def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the service did not start:\n{log.read_text()}")
            time.sleep(0.05)


@asynccontextmanager
async def _files() -> AsyncGenerator[str]:
    """Serves the footage on loopback and gives its URL."""
    app = web.Application()
    app.router.add_static("/", MEDIA.parent)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/{MEDIA.name}"
    finally:
        await runner.cleanup()


def free_port() -> int:

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
