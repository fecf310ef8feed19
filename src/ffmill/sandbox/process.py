"""A program of ours that others made us run: always read, killed for sure, its cost known."""

import asyncio
import os
import socket
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Protocol

from ffmill.sandbox.ended import Ended

READ_BYTES = 1 << 16

Listener = Callable[[bytes], None]


class Child(Protocol):
    """A program that was started."""

    @property
    def ended(self) -> "asyncio.Future[Ended]":
        """Done when the program is gone."""
        ...

    @property
    def known(self) -> "asyncio.Future[int]":
        """The pid of what is at work, as the host sees it, once that is known."""
        ...

    def kill(self) -> None:
        """Kills it with everything in it, as soon as that can be done."""
        ...

    def release(self) -> None:
        """Gives back what is held of it; when it has ended."""
        ...


class Start(Protocol):
    """How a program is started."""

    def launch(self, stdin: int, stdout: int, stderr: int) -> Child:
        """Starts it on these descriptors, of which it gets copies, in a session of its own; raises OSError."""
        ...


class Process:
    """A program at work; made in the thread of the loop, to which its life is tied.

    It waits for its standard input. Its output is left in the pipes until somebody listens.
    """

    def __init__(self, start: Start) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: dict[int, Listener] = {}
        self._input, stdin = socket.socketpair()
        self._input.setblocking(False)
        self._outputs: list[int] = []
        try:
            with stdin, self._pipe() as stdout, self._pipe() as stderr:
                self._child = start.launch(stdin.fileno(), stdout, stderr)
        except BaseException:
            self._close()
            raise

    @property
    def has_ended(self) -> bool:
        """Whether the program is gone."""
        return self._child.ended.done()

    @property
    def ended(self) -> Ended | None:
        """How the program ended; None as long as it has not."""
        return self._child.ended.result() if self._child.ended.done() else None

    @property
    def pid(self) -> int:
        """Of what is at work, as the host sees it; 0 as long as that is not known."""
        return self._child.known.result() if self._child.known.done() else 0

    async def known(self) -> int | None:
        """The same, once it is known; None when it has ended before."""
        await asyncio.wait([self._child.known, self._child.ended], return_when=asyncio.FIRST_COMPLETED)
        return None if self._child.ended.done() else self._child.known.result()

    async def ended_before(self, others: Iterable["asyncio.Future[Any]"]) -> bool:
        """Waits for the end, or for that of one of the others; whether the program has ended."""
        await asyncio.wait([self._child.ended, *others], return_when=asyncio.FIRST_COMPLETED)
        return self._child.ended.done()

    async def send(self, data: bytes) -> None:
        """Writes the program's whole standard input; a program that ends before it has read it is no error."""
        try:
            await self._loop.sock_sendall(self._input, data)
        except ConnectionError:
            pass
        finally:
            self._input.close()

    def listen(self, on_output: Listener, on_error: Listener) -> None:
        """Hands over both streams in chunks, what is there already included."""
        for descriptor, listener in zip(self._outputs, (on_output, on_error), strict=True):
            self._listeners[descriptor] = listener
            self._loop.add_reader(descriptor, self._read, descriptor)

    async def result(self) -> Ended:
        """How the program ended, once it has, and everything it wrote has been handed over."""
        ended = await asyncio.shield(self._child.ended)
        for descriptor in list(self._listeners):
            while self._read(descriptor):
                pass
        return ended

    async def gone(self) -> None:
        """Waits until the program is gone."""
        await asyncio.shield(self._child.ended)

    async def close(self) -> None:
        """Kills the program with everything in it, waits until that is gone, and gives back what it held.

        Cancelled, it does so all the same, and nobody waits for it.
        """
        try:
            await self.kill()
        except asyncio.CancelledError:
            self._child.ended.add_done_callback(lambda _: self._release())
            raise
        self._release()

    async def kill(self) -> None:
        """Kills the program with everything in it, even when it is cancelled, and waits until that is gone."""
        self._child.kill()
        await asyncio.shield(self._child.ended)

    @contextmanager
    def _pipe(self) -> Generator[int]:
        ours, theirs = os.pipe()
        self._outputs.append(ours)
        try:
            os.set_blocking(ours, False)
            yield theirs
        finally:
            os.close(theirs)

    def _read(self, descriptor: int) -> bool:
        try:
            chunk = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return False
        if chunk:
            self._listeners[descriptor](chunk)
        else:
            self._deafen(descriptor)
        return bool(chunk)

    def _deafen(self, descriptor: int) -> None:
        if self._listeners.pop(descriptor, None):
            self._loop.remove_reader(descriptor)

    def _release(self) -> None:
        self._child.release()
        self._close()

    def _close(self) -> None:
        for descriptor in self._outputs:
            self._deafen(descriptor)
            os.close(descriptor)
        self._outputs.clear()
        self._input.close()
