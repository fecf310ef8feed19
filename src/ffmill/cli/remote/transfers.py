"""Files on their way up and down, several at once."""

import asyncio
from collections.abc import AsyncIterable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ffmill.cli.local.uploads import LocalFile, StandardInput, Text, Upload, Url
from ffmill.cli.remote import pipes
from ffmill.cli.remote.bars import Bars
from ffmill.client import AsyncFfmill, ClientError, Job

T = TypeVar("T")
AT_ONCE = 4


async def upload(client: AsyncFfmill, inputs: Mapping[str, Upload], root: Path, bars: Bars) -> dict[str, str]:
    """Brings everything up; the URLs of all inputs, by their names. Raises the client's errors and OSError."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def bring(name: str, upload: Upload) -> str:
        if isinstance(upload, Url):
            return upload.url
        shown, sent = bars.file(name), 0

        def advance(done: int, total: int | None) -> None:
            nonlocal sent
            sent = done
            shown(done, total)

        async with turns:
            url = await client.upload(_source(upload, root), on_progress=advance)
        bars.done(name, sent)
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


def _source(upload: LocalFile | Text | StandardInput, root: Path) -> Path | bytes | AsyncIterable[bytes] | BinaryIO:
    match upload:
        case LocalFile(path=path):
            return root / path if (root / path).is_file() else pipes.of_path(root / path)
        case Text(text=text):
            return text.encode(errors="surrogateescape")
        case StandardInput():
            return pipes.standard_input()
