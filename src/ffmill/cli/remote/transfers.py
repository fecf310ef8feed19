"""Files on their way up and down, several at once."""

import asyncio
import shutil
import sys
from collections.abc import Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ffmill.cli.local.uploads import LocalFile, StandardInput, Text, Upload, Url
from ffmill.cli.remote.bars import Bars
from ffmill.client import AsyncFfmill, ClientError, Job

T = TypeVar("T")
AT_ONCE = 4


async def upload(
    client: AsyncFfmill, inputs: Mapping[str, Upload], root: Path, scratch: Path, bars: Bars
) -> dict[str, str]:
    """Brings everything up; the URLs of all inputs, by their names."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def bring(name: str, upload: Upload) -> str:
        if isinstance(upload, Url):
            return upload.url
        path = await asyncio.to_thread(_on_disk, name, upload, root, scratch)
        size = await asyncio.to_thread(size_of, path)
        async with turns:
            url = await client.upload(path, on_progress=bars.file(name))
        bars.done(name, size)
        return url

    with bars.shown():
        done = await _all(bring(name, upload) for name, upload in inputs.items())
    return dict(zip(inputs, done, strict=True))


async def download(client: AsyncFfmill, job: Job, paths: Mapping[str, Path], bars: Bars) -> None:
    """Brings a job's outputs down to these paths, by their names; each is whole there, or not there."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def bring(name: str, path: Path) -> None:
        async with turns:
            await client.download(job.output_files[name], path, on_progress=bars.file(name))
        bars.done(name, await asyncio.to_thread(size_of, path))

    with bars.shown():
        await _all(bring(name, path) for name, path in paths.items())


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all of it gives; the first error ends the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except* (ClientError, OSError) as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def size_of(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def _on_disk(name: str, upload: LocalFile | Text | StandardInput, root: Path, scratch: Path) -> Path:
    """What can be read from its start, and has a size: pipes are written down first."""
    match upload:
        case LocalFile(path=path) if (root / path).is_file():
            return root / path
        case LocalFile(path=path):
            with (root / path).open("rb") as pipe:
                _write_down(pipe, scratch / name)
        case Text(text=text):
            (scratch / name).write_bytes(text.encode(errors="surrogateescape"))
        case StandardInput():
            _write_down(sys.stdin.buffer, scratch / name)
    return scratch / name


def _write_down(pipe: BinaryIO, path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(pipe, file)
