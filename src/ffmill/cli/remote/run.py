"""`ffmill run`: a job with names of one's own for its files."""

import asyncio
import json
from pathlib import Path

from ffmill.cli.remote import connection, interrupts, transfers
from ffmill.cli.remote.bars import Bars
from ffmill.cli.remote.bodies import Body
from ffmill.cli.remote.coming_down import target_of
from ffmill.cli.remote.following import run_job
from ffmill.cli.remote.json_of import plain
from ffmill.cli.remote.keeping import explained
from ffmill.cli.remote.service import opened
from ffmill.cli.remote.watching import Watching, explain
from ffmill.client import AsyncFfmill, Job
from ffmill.client.files import place_in


def run(body: Body, output_dir: Path, *, wait: bool, as_json: bool) -> int:
    """Runs a job and downloads its outputs, or submits it and prints its id; 0 unless it fails."""
    where = connection.find()
    return interrupts.run(_run(where, body, output_dir, wait=wait, as_json=as_json), interrupts.INTERRUPTED)


async def _run(where: connection.Connection, body: Body, output_dir: Path, *, wait: bool, as_json: bool) -> int:
    async with opened(where) as client:
        told = {**body.fields, "input_files": await _bring_up(client, body)}
        if not wait:
            return _told(await client.submit_body(told), [], as_json=as_json)
        with Watching() as watching:
            job = await run_job(client, told, watching.take)
        explain(job)
        files = await bring_down(client, job, output_dir) if job.status == "succeeded" else []
        return _told(job, files, as_json=as_json)


async def _bring_up(client: AsyncFfmill, body: Body) -> dict[str, str]:
    return await transfers.upload(client, body.inputs, Path.cwd(), Bars("up", silent=False))


async def bring_down(client: AsyncFfmill, job: Job, directory: Path) -> list[str]:
    """Downloads a job's outputs into a directory, which is made; their paths. Raises Stop where that cannot be."""
    paths = {name: place_in(directory, name) for name in job.output_files}
    with explained(job, directory):
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        targets = {name: target_of(path) for name, path in paths.items()}
        await transfers.download(client, job, targets, Bars("down", silent=False))
    return [str(path) for path in paths.values()]


def _told(job: Job, files: list[str], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"job": plain(job), "files": files}))  # noqa: T201
    else:
        print("\n".join(files) if files else job.id)  # noqa: T201
    return 1 if job.status in ("failed", "cancelled") else 0
