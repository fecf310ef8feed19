"""Files on their way: uploads, downloads that are taken up again where they broke off."""

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator
from contextlib import contextmanager
from io import BytesIO
from mimetypes import guess_type
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from uuid import uuid4

from ffmill.client.calls import PASSING, PAUSES, Calls, accepted, refusal
from ffmill.client.errors import ConnectionFailed, UnexpectedAnswer
from ffmill.client.job import Job
from ffmill.client.wire import Answer, Content, Request

CHUNK_BYTES = 1 << 18
KEEP_SECONDS = 300.0  # for which a store may take to keep an upload that has come
OnBytes: TypeAlias = Callable[[int, int | None], None]  # bytes so far, bytes in all where that is known
Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
AsyncSource: TypeAlias = Source | AsyncIterable[bytes]  # the last in an event loop only: pieces as they come


async def upload(calls: Calls, source: AsyncSource, name: str | None, on_progress: OnBytes | None) -> str:
    """Brings a file up as a temporary file; the URL by which a job reads it.

    A broken upload begins anew, at a new URL, where the source can be read again.
    """
    if isinstance(source, AsyncIterable):
        kind, _ = guess_type(name or "")
        return await _upload(calls, _passing(source, on_progress), None, kind)
    kind, _ = guess_type(name or _name(source))
    with _opened(source) as file:
        begin = file.tell() if file.seekable() else None
        for pause in PAUSES if begin is not None else ():
            try:
                return await _upload(calls, *_measured(file, on_progress), kind)
            except PASSING as error:
                await calls.pause(pause, error)
                file.seek(begin or 0)
        return await _upload(calls, *_measured(file, on_progress), kind)


async def _upload(calls: Calls, content: Content, total: int | None, kind: str | None) -> str:
    to, url = _urls(await calls.data("POST", "/api/tmp-file", {}))
    headers = {"Content-Type": kind or "application/octet-stream"}
    if total is not None:
        headers["Content-Length"] = str(total)
    request = Request(method="PUT", url=to, headers=headers, content=content, read_seconds=KEEP_SECONDS)
    async with accepted(calls.wire, request):
        return url


def _urls(told: Any) -> tuple[str, str]:
    try:
        return str(told["upload_url"]), str(told["download_url"])
    except (LookupError, TypeError) as error:
        raise UnexpectedAnswer(f"the answer holds no URLs of a temporary file: {error!r}") from error


def _name(source: Source) -> str:
    """What the source is called; empty where it is called nothing."""
    named = getattr(source, "name", "") if not isinstance(source, str | os.PathLike | bytes) else source
    return os.fspath(named) if isinstance(named, str | os.PathLike) else ""


def _measured(file: BinaryIO, on_progress: OnBytes | None) -> tuple[Content, int | None]:
    total = _left(file)
    return _chunks(file, total, on_progress), total


async def _passing(pieces: AsyncIterable[bytes], on_progress: OnBytes | None) -> AsyncGenerator[bytes]:
    sent = 0
    async for piece in pieces:
        yield piece
        sent += len(piece)
        if on_progress:
            on_progress(sent, None)


def _chunks(file: BinaryIO, total: int | None, on_progress: OnBytes | None) -> Generator[bytes]:
    sent = 0
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        sent += len(chunk)
        if on_progress:
            on_progress(sent, total)


@contextmanager
def _opened(source: Source) -> Generator[BinaryIO]:
    if isinstance(source, bytes):
        yield BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def _left(file: BinaryIO) -> int | None:
    """Bytes from here to the end; None where that cannot be known."""
    if not file.seekable():
        return None
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here


async def download(calls: Calls, url: str, path: Path, on_progress: OnBytes | None) -> Path:
    """Fetches a file to `path`, where it is whole or not there. No key is sent: the URL is signed."""
    partial = path.with_name(f".{uuid4().hex}.part")  # of the name itself, nothing more may fit
    try:
        with partial.open("wb") as file:
            await _Download(calls, url, file, on_progress).run()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


class _Download:
    """The tries for one file."""

    def __init__(self, calls: Calls, url: str, file: BinaryIO, on_progress: OnBytes | None) -> None:
        self._calls = calls
        self._url = url
        self._file = file
        self._on_progress = on_progress
        self._size = 0
        self._total: int | None = None
        self._validator: str | None = None  # what vouches for a part to be of the same file (RFC 9110, 13.1.5)

    async def run(self) -> None:
        failed = 0
        while True:
            before = self._size
            try:
                return await self._try()
            except PASSING as error:
                failed = 1 if self._size > before else failed + 1
                if failed > len(PAUSES):
                    raise
                await self._calls.pause(PAUSES[failed - 1], error)

    async def _try(self) -> None:
        headers = {"Accept-Encoding": "identity"}  # lengths and offsets are those of the file
        if self._size and self._validator:
            headers |= {"Range": f"bytes={self._size}-", "If-Range": self._validator}
        request = Request(method="GET", url=self._url, headers=headers, follow=True)  # to the store, as may be
        async with self._calls.wire.send(request) as answer:
            if answer.status == 416 and answer.headers.get("content-range") == f"bytes */{self._size}":
                return  # it broke off after its last byte
            if answer.status not in (200, 206):
                raise refusal(answer.status, await answer.body(), answer.headers)
            self._begin(answer)
            async for chunk in answer.chunks:
                self._file.write(chunk)
                self._size += len(chunk)
                if self._on_progress:
                    self._on_progress(self._size, self._total)
        if self._total is not None and self._size != self._total:
            raise ConnectionFailed(f"the download broke off after {self._size} of {self._total} bytes")

    def _begin(self, answer: Answer) -> None:
        """Goes on where the answer is the rest of the file; begins anew where it is the whole of it."""
        if answer.status == 206 and answer.headers.get("content-range", "").startswith(f"bytes {self._size}-"):
            return
        if answer.status == 206:
            self._validator = None  # the next try asks for the whole
            raise ConnectionFailed("the answer is another part of the file than was asked for")
        self._file.seek(0)
        self._file.truncate()
        self._size = 0
        length = answer.headers.get("content-length", "")
        self._total = int(length) if length.isdecimal() else None
        etag = answer.headers.get("etag", "")
        self._validator = etag if etag.startswith('"') else answer.headers.get("last-modified")


def output_of(job: Job, name: str | None) -> str:
    """The URL of the output of that name, or of the only one; raises ValueError."""
    if name is None and len(job.output_files) == 1:
        return next(iter(job.output_files.values()))
    if name is None or name not in job.output_files:
        has = ", ".join(job.output_files) or "none"
        raise ValueError(f"which output of job {job.id}? It has: {has}")
    return job.output_files[name]


def place_in(directory: Path, name: str) -> Path:
    """Where an output of this name goes; raises UnexpectedAnswer for one that would leave the directory."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise UnexpectedAnswer(f"{name!r} is no name of an output")
    return directory / name
