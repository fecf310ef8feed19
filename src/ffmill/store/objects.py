"""What a store is, and what obstore does alike for a disk and a bucket: look at objects, list and delete them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import obstore

from ffmill.errors import NotFound
from ffmill.store.failures import reading, writing
from ffmill.store.keys import check_key
from ffmill.store.source import Source

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore.store import ObjectStore

LISTED_AT_ONCE = 1000  # as S3 does: "ListObjectsV2" in its reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Stat:
    """What is known of an object without reading it."""

    bytes: int
    modified: datetime  # UTC
    etag: str  # without quotes; another one when the object is replaced


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An object, as a list tells it."""

    location: str  # where it lies; that of a key is `Store.location`
    bytes: int
    modified: datetime  # UTC


Stored: TypeAlias = Callable[[str, int], None]
"""Is told of a key and its bytes."""


def nobody(_key: str, _bytes: int) -> None:
    """Does not care."""


class Store(ABC):
    """Objects under keys like `outputs/a/b.mp4`. Every method raises Unavailable when the store cannot be used."""

    def __init__(self, objects: "ObjectStore") -> None:
        self._objects = objects

    @abstractmethod
    async def put_files(self, files: Mapping[str, Source], stored: Stored = nobody) -> dict[str, int]:
        """Keeps each file under its key; returns key → bytes, once all would survive a power cut.

        `stored` is told of each whose bytes are safe, again where that was so before a failure.

        A reader sees a whole object or none. The files may be moved away. After a failure some may have been kept:
        delete their prefix.
        """

    @abstractmethod
    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], limit_bytes: int) -> int:
        """Keeps the bytes of `chunks`, which it returns the number of; durable and atomic like put_files.

        An error of `chunks` or a cancellation leaves nothing. Raises TooLarge.
        """

    @abstractmethod
    def open(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The object's bytes from `start` up to `end`, which is not included, in chunks; raises NotFound."""

    @abstractmethod
    async def presign(self, key: str, seconds: int) -> str | None:
        """The store's own URL to GET the object, good for `seconds`; None from a store that has no such thing."""

    @abstractmethod
    async def check(self) -> None:
        """Raises Unavailable when the store cannot be used."""

    async def put_file(self, key: str, path: Path) -> int:
        """Keeps one file, whose directories are our own, as put_files does; returns its bytes."""
        return (await self.put_files({key: Source(str(path))}))[key]

    async def get_file(self, key: str, path: Path) -> int:
        """Copies the object to a new file at `path`; returns its bytes.

        Raises NotFound, and OSError when the file cannot be written: that is not the store's fault.
        """
        total = 0
        async with self.open(key) as chunks:
            with path.open("xb") as file:
                async for chunk in chunks:
                    total += await asyncio.to_thread(file.write, chunk)
        return total

    async def stat(self, key: str) -> Stat | None:
        """What is known of the object; None when there is none."""
        try:
            with reading():
                meta = await obstore.head_async(self._objects, self.location(key))
        except NotFound:
            return None
        etag = (meta["e_tag"] or "").removeprefix("W/").strip('"')
        return Stat(bytes=meta["size"], modified=meta["last_modified"], etag=etag)

    async def delete(self, *keys: str) -> None:
        """Deletes the objects; one that is not there is deleted already."""
        with writing():
            await self._delete([self.location(key) for key in keys])

    async def delete_prefix(self, prefix: str) -> None:
        """Deletes every object whose key begins with the segments of `prefix`."""
        async for page in self.list_objects(prefix):
            await self.delete_found(page)

    async def delete_found(self, page: Sequence[Found]) -> None:
        """Deletes objects of a list."""
        with writing():
            await self._delete([found.location for found in page])

    async def list_objects(self, prefix: str) -> AsyncGenerator[Sequence[Found]]:
        """Every object whose key begins with the segments of `prefix`, in no order, by pages of at most 1,000."""
        pages = obstore.list(  # pyright: ignore[reportUnknownMemberType]  # its Arrow twin is untyped
            self._objects, check_key(prefix.rstrip("/")), chunk_size=LISTED_AT_ONCE
        )
        while True:
            with writing():  # what is not found here is the bucket
                page = await anext(aiter(pages), None)
            if page is None:
                return
            yield [Found(location=meta["path"], bytes=meta["size"], modified=meta["last_modified"]) for meta in page]

    async def _delete(self, locations: list[str]) -> None:
        for location in locations:
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._objects, location)

    def location(self, key: str) -> str:
        """Where the object lies, as a list tells it: the key itself, but for names that a store cannot have."""
        return check_key(key)
