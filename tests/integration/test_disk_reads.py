"""Reading a file of the disk store while the reader goes away."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ffmill.store.disk import DiskStore


async def one_chunk() -> AsyncIterator[bytes]:
    yield b"content"


async def test_a_file_stays_open_while_a_thread_reads_it_however_often_its_reader_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starlette's cancel scopes cancel again at every turn of the loop, until the reader has left."""
    store = DiskStore(tmp_path)
    await store.put_stream("a/b", one_chunk(), 100)
    reading, may_go_on, results = threading.Event(), threading.Event(), list[bytes]()
    pread = os.pread

    def slow_pread(descriptor: int, count: int, offset: int) -> bytes:
        reading.set()
        assert may_go_on.wait(30)
        results.append(pread(descriptor, count, offset))
        return results[-1]

    async def read() -> None:
        async with store.open("a/b") as chunks:
            async for _ in chunks:
                pass

    monkeypatch.setattr(os, "pread", slow_pread)
    reader = asyncio.create_task(read())
    await asyncio.to_thread(reading.wait, 30)
    for _ in range(3):
        reader.cancel()
        await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert results == [b"content"]
