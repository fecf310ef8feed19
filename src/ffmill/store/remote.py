"""The store in a bucket of S3, or of what speaks S3."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from io import RawIOBase
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import S3Store

from ffmill.config import Settings
from ffmill.errors import CannotStart, FfmillError, Unavailable
from ffmill.store.blocks import blocks
from ffmill.store.failures import reading, writing
from ffmill.store.keys import check_key
from ffmill.store.media_types import disposition, media_type
from ffmill.store.objects import Store, Stored, nobody
from ffmill.store.source import Source

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import GetOptions, GetResult
    from obstore.store import ClientConfig, RetryConfig, S3Config

CHUNK_BYTES = 256 << 10
PART_BYTES = 8 << 20  # also the most that goes up in a single request
MOST_PARTS = 9_000  # S3 takes 10,000
PARTS_AT_ONCE = 4
FILES_AT_ONCE = 4
CHECK_SECONDS = 5
NOT_PARTIAL = "non-partial response"
GIVE_UP_SECONDS = 10
DELETED_AT_ONCE = 1000  # by one request: "DeleteObjects" in the S3 reference

# A store that is gone is known to be within some 10 s. The whole answer may take long (a slow reader), so only the
# silence between its bytes is bounded; what is sent counts as silence, hence more for uploads: 8 MiB in 30 s.
READ_SECONDS = 8
WRITE_SECONDS = 30
CONNECT_SECONDS = 3
ANSWER = timedelta(days=1)
RETRIES: "RetryConfig" = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=READ_SECONDS),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}


class RemoteStore(Store):
    """Objects below a prefix of a bucket."""

    def __init__(self, settings: Settings) -> None:
        """Connects to nothing yet; raises CannotStart when the settings cannot be used."""
        try:
            reads, self._writes = _bucket(settings, READ_SECONDS), _bucket(settings, WRITE_SECONDS)
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise CannotStart(f"the store {settings.store_url} cannot be used: {_first_line(error)}") from error
        super().__init__(reads)
        self._bucket = reads

    async def put_files(self, files: Mapping[str, Source], stored: Stored = nobody) -> dict[str, int]:
        """As Store says; the files stay where they are."""
        turns = asyncio.Semaphore(FILES_AT_ONCE)

        async def put(key: str, source: Source) -> int:
            async with turns:
                with writing():
                    file = os.fdopen(source.open(), "rb", buffering=0)
                with file:
                    size = os.fstat(file.fileno()).st_size
                    total = await self._put(key, _read(file), size, max(PART_BYTES, size // MOST_PARTS))
            stored(key, total)
            return total

        try:
            async with asyncio.TaskGroup() as group:
                tasks = {key: group.create_task(put(key, source)) for key, source in files.items()}
        except* FfmillError as failures:
            raise failures.exceptions[0] from failures
        return {key: task.result() for key, task in tasks.items()}

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], limit_bytes: int) -> int:
        """As Store says."""
        return await self._put(key, chunks, limit_bytes, max(PART_BYTES, limit_bytes // MOST_PARTS))

    @asynccontextmanager
    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[AsyncIterator[bytes]]:
        """As Store says."""
        check_key(key)
        with reading():
            if (start, end) == (0, None):
                chunks = _chunks(await obstore.get_async(self._objects, key))
            else:
                chunks = await self._open_range(key, start, end)
        yield chunks

    async def _open_range(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        options: GetOptions = {"range": {"offset": start} if end is None else (start, end)}
        try:
            return _chunks(await obstore.get_async(self._objects, key, options=options))
        except obstore.exceptions.GenericError as error:
            # A server may ignore a range (RFC 9110, 14.2; `rclone serve s3` answers 200); obstore refuses its answer,
            # and has no type for that.
            if NOT_PARTIAL not in str(error):
                raise
            return _part(await obstore.get_async(self._objects, key), start, end)

    async def presign(self, key: str, seconds: int) -> str | None:
        """As Store says."""
        with writing():
            return await obstore.sign_async(self._bucket, "GET", check_key(key), timedelta(seconds=seconds))

    async def check(self) -> None:
        """Raises Unavailable when the bucket cannot be listed within 5 s."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                with writing():
                    listing = obstore.list(self._bucket, "readiness", chunk_size=1)  # pyright: ignore[reportUnknownMemberType]  # its Arrow twin is untyped
                    await anext(aiter(listing), None)
        except TimeoutError as error:
            raise Unavailable(f"the file store did not answer within {CHECK_SECONDS} s") from error

    async def _delete(self, locations: list[str]) -> None:
        for at in range(0, len(locations), DELETED_AT_ONCE):
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._objects, locations[at : at + DELETED_AT_ONCE])

    async def _put(self, key: str, chunks: AsyncIterable[bytes], limit_bytes: int, part_bytes: int) -> int:
        """One request for what fits into a part, else an upload in parts, which appears when its last part is there."""
        check_key(key)
        parts = blocks(chunks, part_bytes, limit_bytes)
        first = await anext(parts, b"")
        second = await anext(parts, None)
        if second is None:
            await self._upload(key, first)
            return len(first)
        total = 0

        async def counted() -> AsyncGenerator[bytes]:
            nonlocal total
            for part in (first, second):
                total += len(part)
                yield part
            async for part in parts:
                total += len(part)
                yield part

        await self._upload_in_parts(key, counted(), part_bytes)
        return total

    async def _upload(self, key: str, body: bytes) -> None:
        with writing():
            await obstore.put_async(self._writes, key, body, attributes=_attributes(key), use_multipart=False)

    async def _upload_in_parts(self, key: str, parts: AsyncIterator[bytes], part_bytes: int) -> None:
        """Gives up by an error of the source, on which obstore aborts the upload; a cancelled one would stay, unseen
        and paid for."""
        giving_up = asyncio.Event()
        upload = asyncio.ensure_future(
            obstore.put_async(
                self._writes,
                key,
                _until(giving_up, parts),
                attributes=_attributes(key),
                chunk_size=part_bytes,
                max_concurrency=PARTS_AT_ONCE,
            )
        )
        try:
            with writing():
                await asyncio.shield(upload)
        except asyncio.CancelledError:
            giving_up.set()
            await asyncio.wait([upload], timeout=GIVE_UP_SECONDS)
            raise


class _GivenUp(Exception):
    """The source of an upload ends so when the upload is no longer wanted."""


async def _until(stop: asyncio.Event, parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The parts, and _GivenUp once `stop` is set, also while the next part is waited for."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(parts, None))
            await asyncio.wait((coming, stopped), return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                coming.cancel()
                raise _GivenUp
            if (part := coming.result()) is None:
                return
            yield part
    finally:
        stopped.cancel()


async def _chunks(result: "GetResult") -> AsyncGenerator[bytes]:
    with reading():
        async for chunk in result.stream(CHUNK_BYTES):
            yield chunk


async def _part(result: "GetResult", start: int, end: int | None) -> AsyncGenerator[bytes]:
    at = 0
    async for chunk in _chunks(result):
        part = chunk[max(start - at, 0) : None if end is None else max(end - at, 0)]
        at += len(chunk)
        if part:
            yield part
        if end is not None and at >= end:
            return


async def _read(file: RawIOBase) -> AsyncGenerator[bytes]:
    with writing():
        while chunk := await asyncio.to_thread(file.read, PART_BYTES):
            yield chunk


def _bucket(settings: Settings, silence_seconds: float) -> S3Store:
    """The bucket of the settings, addressed by path. Raises BaseError or ValueError where they are wrong."""
    url = urlsplit(settings.store_url or "")
    client: ClientConfig = {
        "allow_http": (settings.s3_endpoint or "").startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "read_timeout": timedelta(seconds=silence_seconds),
        "timeout": ANSWER,
    }
    prefix = unquote(url.path).strip("/") or None
    return S3Store(url.netloc, prefix=prefix, config=_config(settings), client_options=client, retry_config=RETRIES)


def _config(settings: Settings) -> "S3Config":
    """What the settings say; the rest obstore takes from the `AWS_` variables, or from the machine's own role."""
    secret = settings.s3_secret_access_key
    given: dict[str, str | None] = {
        "endpoint": settings.s3_endpoint,
        "region": settings.s3_region,
        "access_key_id": settings.s3_access_key_id,
        "secret_access_key": secret.get_secret_value() if secret else None,
    }
    return {name: value for name, value in given.items() if value is not None}  # pyright: ignore[reportReturnType]


def _attributes(key: str) -> dict[str, str]:
    """What the bucket answers itself, where downloads are redirected to it."""
    name = key.rpartition("/")[2]
    return {"Content-Type": media_type(name), "Content-Disposition": disposition(name)}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
