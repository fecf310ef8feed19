"""The store on a local disk: obstore looks, lists and deletes; bytes are written and read by the system's own calls.

obstore's writes never sync and cannot move a file, and it reads in pieces of 8 KiB: 0.3 GB/s where pread gives 2.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from obstore.store import LocalStore

from ffmill.errors import CannotStart
from ffmill.store import durable
from ffmill.store.blocks import blocks
from ffmill.store.failures import reading, writing
from ffmill.store.keys import check_key
from ffmill.store.objects import Store, Stored, nobody
from ffmill.store.source import Source
from ffmill.threads import in_thread

T = TypeVar("T")

BLOCK_BYTES = 1 << 20
CHUNK_BYTES = 256 << 10
THREADS = 8
STAGING = ".staging"  # no key begins with a dot
UNREADABLE = re.compile(r"#[0-9]+\Z")  # obstore takes such names for its own unfinished files, and refuses them


class DiskStore(Store):
    """Objects as files below `root`, directories 0700 and files 0600. Several processes may share one root."""

    def __init__(self, root: Path) -> None:
        """Makes the directory where it is missing; raises CannotStart when it cannot be had."""
        try:
            durable.make_directory(root / STAGING)
            durable.sync_directory(root)
            durable.sweep(root / STAGING)
        except OSError as error:
            raise CannotStart(f"the store {root} cannot be used: {error.strerror}; set FFMILL_STORE_URL") from error
        super().__init__(LocalStore(root, automatic_cleanup=True))
        self._root = root
        # Syncing waits for the disk; threads of our own, so that a slow disk holds up no name look-up of the loop's.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    async def put_files(self, files: Mapping[str, Source], stored: Stored = nobody) -> dict[str, int]:
        """As Store says. Files of the same filesystem are moved, whoever owns them; others are copied."""
        staged = {check_key(key): self._staging_path() for key in files}

        async def stage(key: str, source: Source) -> int:
            size = await self._in_thread(durable.stage, source, staged[key])
            stored(key, size)
            return size

        with writing():
            try:
                sizes = await _side_by_side(stage(*each) for each in files.items())
                await self._in_thread(self._place, staged)
            except BaseException:
                await self._in_thread(durable.remove, *staged.values())
                raise
        return dict(zip(files, sizes, strict=True))

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], limit_bytes: int) -> int:
        """As Store says."""
        staged, total = {check_key(key): self._staging_path()}, 0
        with writing():
            try:
                with open(staged[key], "xb", buffering=0, opener=durable.private) as file:  # noqa: ASYNC230
                    async for block in blocks(chunks, BLOCK_BYTES, limit_bytes):
                        total += await self._in_thread(durable.write, file.fileno(), block)
                    await self._in_thread(os.fsync, file.fileno())
                await self._in_thread(self._place, staged)
            except BaseException:
                await self._in_thread(durable.remove, *staged.values())
                raise
        return total

    @asynccontextmanager
    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[AsyncIterator[bytes]]:
        """As Store says. What was opened is read to its end, even when it is deleted meanwhile."""
        path = self._root / self.location(key)
        with reading():
            chunks = self._chunks(_Opened(path), start, end)  # not in a thread: a cancellation there would lose it
        async with aclosing(chunks):
            yield chunks

    async def get_file(self, key: str, path: Path) -> int:
        """As Store says."""
        total = 0
        with reading():
            source = (self._root / self.location(key)).open("rb", buffering=0)
        with source, path.open("xb", buffering=0) as copy:
            while piece := await self._read_piece(source.fileno()):
                total += await self._in_thread(durable.write, copy.fileno(), piece)
        return total

    async def _read_piece(self, descriptor: int) -> bytes:
        with reading():
            return await self._in_thread(os.read, descriptor, durable.PIECE_BYTES)

    async def _chunks(self, opened: "_Opened", start: int, end: int | None) -> AsyncGenerator[bytes]:
        at = start
        while end is None or at < end:
            most = CHUNK_BYTES if end is None else min(CHUNK_BYTES, end - at)
            with reading():
                chunk = await self._in_thread(opened.read, most, at)
            if not chunk:
                return
            at += len(chunk)
            yield chunk

    async def presign(self, key: str, seconds: int) -> str | None:
        """None: files of a disk have no URL but ours."""
        return None

    async def check(self) -> None:
        """Raises Unavailable when nothing can be written, as to a full disk."""
        probe = self._staging_path()
        with writing():
            await self._in_thread(durable.probe, probe)

    def location(self, key: str) -> str:
        """As Store says: the path below the root; a last name that obstore refuses has another one there."""
        head, slash, name = check_key(key).rpartition("/")
        if UNREADABLE.search(name):
            name = "." + hashlib.sha256(name.encode()).hexdigest()
        return head + slash + name

    def _staging_path(self) -> Path:
        return self._root / STAGING / uuid4().hex

    def _place(self, staged: Mapping[str, Path]) -> None:
        """Gives synced files their final names, then syncs every directory above them, new or not, each once."""
        directories = dict[Path, None]()
        for key, path in staged.items():
            final = self._root / self.location(key)
            durable.rename_into(path, final)
            directories |= dict.fromkeys(final.parents[: key.count("/") + 1])
        for directory in sorted(directories, key=lambda path: len(path.parts), reverse=True):
            durable.sync_directory(directory)

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await in_thread(self._threads, call, *arguments)


async def _side_by_side(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Several syncs at once share one commit of the filesystem's journal."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


class _Opened:
    """A file open for reading, closed when the last lets go of it: a thread may outlast the reader that it reads for,
    when that is cancelled more than once."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        self._descriptor = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def read(self, most: int, at: int) -> bytes:
        """At most so many bytes from there on; none at the end."""
        assert self._descriptor is not None  # noqa: S101 - else there is no object
        return os.pread(self._descriptor, most, at)
