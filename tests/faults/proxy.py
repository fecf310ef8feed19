"""A TCP proxy in front of a store, which can let it vanish: refuse every connection, or go silent on all of them."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Literal

from tests.ports import free_port

How = Literal["refuse", "stall"]


class Proxy:
    """Listens on a port that it keeps, outages included. Its methods may be called from any thread."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._streams: set[asyncio.StreamWriter] = set()
        self._ending = False
        self.over = threading.Event()  # set while nothing is wrong
        self.port = free_port()

    def fail(self, how: How, seconds: float) -> None:
        """Lets the store vanish for so long, from now on; `over` is set when it is back."""
        self.over.clear()
        asyncio.run_coroutine_threadsafe(self._fail(how, seconds), self._loop).add_done_callback(
            lambda _: self.over.set()
        )

    @contextmanager
    def running(self) -> Generator["Proxy"]:
        """Serves in a thread of its own."""
        thread = threading.Thread(target=self._run)
        thread.start()
        self.over.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self.over.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._open.set()

    async def _fail(self, how: How, seconds: float) -> None:
        if how == "stall":
            self._open.clear()
            await asyncio.sleep(seconds)
            self._open.set()
            return
        assert self._server
        self._server.close()
        for writer in list(self._streams):
            writer.transport.abort()
        await asyncio.sleep(seconds)
        await self._listen()

    async def _end(self) -> None:
        self._ending = True
        if self._server:
            self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)  # transports that were closed just now are gone after a turn of the loop

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._kept(writer), suppress(OSError):
            await self._open.wait()
            their_reader, their_writer = await asyncio.open_connection(*self._target)
            with self._kept(their_writer):
                await asyncio.gather(self._pump(reader, their_writer), self._pump(their_reader, writer))

    @contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Generator[None]:
        """Known as long as it is open, so that an outage can break it; closed at the end, cancelled or not."""
        self._streams.add(writer)
        try:
            yield
        finally:
            self._streams.discard(writer)
            (writer.transport.abort if self._ending else writer.close)()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            await self._open.wait()
            writer.write(chunk)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
