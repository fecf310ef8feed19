"""A program of ours that others made us run: started in one place, always read, killed for sure, its cost known."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffmill.sandbox.acting import acting_as
from ffmill.sandbox.cores import pinned_to

READ_BYTES = 1 << 16
POLL_SECONDS = 0.01
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss (getrusage(2))
CHILD_PID = re.compile(rb'"child-pid": (\d+)')

Listener = Callable[[bytes], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """How a program is started."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]  # all of it
    directory: Path | None = None
    uid: int | None = None  # the user to be, for root
    cores: frozenset[int] | None = None  # all that it may run on; None for ours
    is_bwrap: bool = False  # it tells the pid of what it runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a program ended, and what it cost, all that it waited for included (wait4(2))."""

    code: int  # 128 + n after signal n, as a shell has it
    cpu_seconds: float
    peak_memory_bytes: int  # not less than that of the process that started it, whose pages it had until execve


class Process:
    """A program at work, in a session of its own; made in the thread of the loop, to which its life is tied.

    It waits for its standard input. Its output is left in the pipes until somebody listens.
    """

    def __init__(self, start: Start) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._within: asyncio.Future[int | None] = self._loop.create_future()
        self._listeners: dict[int, Listener] = {}
        self._pidfd: int | None = None
        self._inner: int | None = None
        self._told: int | None = None
        self._words = b""
        self._doomed = False  # whether it is to be killed as soon as that can be done
        self._input, theirs = socket.socketpair()
        self._input.setblocking(False)
        try:
            with theirs:
                self._launch(start, theirs)
        except BaseException:
            self._input.close()
            self._forget()
            raise

    @property
    def has_ended(self) -> bool:
        """Whether the program is gone."""
        return self._ended.done()

    @property
    def pid(self) -> int:
        """Of the program, as the host sees it: of what is at work in the cage, once that is known."""
        within = self._within.result() if self._within.done() else None
        return within or self._popen.pid

    async def ended_before(self, others: Iterable["asyncio.Future[Any]"]) -> bool:
        """Waits for the end, or for that of one of the others; whether the program has ended."""
        await asyncio.wait([self._ended, *others], return_when=asyncio.FIRST_COMPLETED)
        return self._ended.done()

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
        for pipe, listener in ((self._popen.stdout, on_output), (self._popen.stderr, on_error)):
            assert pipe is not None  # noqa: S101  # both are pipes
            self._listeners[pipe.fileno()] = listener
            self._loop.add_reader(pipe.fileno(), self._read, pipe.fileno())

    async def result(self) -> Ended:
        """How the program ended, once it has, and everything it wrote has been handed over."""
        ended = await asyncio.shield(self._ended)
        for descriptor in list(self._listeners):
            while self._read(descriptor):
                pass
        return ended

    async def close(self) -> None:
        """Kills the program with everything in it, waits until that is gone, and gives back what it held.

        Cancelled, it does so all the same, and nobody waits for it.
        """
        try:
            await self.kill()
        except asyncio.CancelledError:
            self._ended.add_done_callback(lambda _: self._release())
            raise
        self._release()

    async def kill(self) -> None:
        """Kills the program with everything in it, even when it is cancelled, and waits until that is gone."""
        self._doomed = True
        self._strike()
        await asyncio.shield(self._ended)

    def _strike(self) -> None:
        """Kills what bwrap runs, not bwrap: it then tells the end and the cost, and nothing is left half made.

        Before bwrap has told what it runs nothing is done: this is called again when it has.
        """
        if self._ended.done() or not self._within.done():
            return
        if self._inner is not None:
            with suppress(ProcessLookupError):  # it has ended, and bwrap is about to
                signal.pidfd_send_signal(self._inner, signal.SIGKILL)
        else:
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _launch(self, start: Start, stdin: socket.socket) -> None:
        argv, telling = list(start.argv), ()
        if start.is_bwrap:
            self._told, write_end = os.pipe()
            argv[1:1], telling = ["--info-fd", str(write_end)], (write_end,)
        else:
            self._within.set_result(None)
        try:
            with pinned_to(start.cores), acting_as(start.uid):
                self._popen = subprocess.Popen(
                    argv,
                    stdin=stdin.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    env=dict(start.environment),
                    cwd=start.directory,
                    start_new_session=True,
                    pass_fds=telling,
                )
        finally:
            for descriptor in telling:
                os.close(descriptor)
        self._watch()

    def _watch(self) -> None:
        for pipe in (self._popen.stdout, self._popen.stderr):
            assert pipe is not None  # noqa: S101  # both are pipes
            os.set_blocking(pipe.fileno(), False)
        if self._told is not None:
            self._loop.add_reader(self._told, self._learn, self._told)
        if hasattr(os, "pidfd_open"):
            self._pidfd = os.pidfd_open(self._popen.pid)
            self._loop.add_reader(self._pidfd, self._reap)
        else:
            self._loop.call_later(POLL_SECONDS, self._poll)

    def _learn(self, told: int) -> None:
        """Takes bwrap's word on the process that it runs; it says nothing when it fails before."""
        if words := os.read(told, READ_BYTES):
            self._words += words
            return
        self._forget()
        found = CHILD_PID.search(self._words)
        if found and not self._ended.done():
            self._inner = _open_child(int(found[1]), self._popen.pid)
        self._within.set_result(int(found[1]) if found and self._inner is not None else None)
        if self._doomed:
            self._strike()

    def _forget(self) -> None:
        if self._told is not None:
            self._loop.remove_reader(self._told)
            os.close(self._told)
            self._told = None

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
        self._loop.remove_reader(descriptor)
        self._listeners.pop(descriptor, None)

    def _poll(self) -> None:
        """Where there are no pidfds."""
        if not self._reap(os.WNOHANG):
            self._loop.call_later(POLL_SECONDS, self._poll)

    def _reap(self, options: int = 0) -> bool:
        if not options:  # it has ended, and its pid is still its own: so is its group, where anything is left in it
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
        pid, status, usage = os.wait4(self._popen.pid, options)
        if pid == 0:
            return False
        code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = code  # so that it is not waited for again
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        self._ended.set_result(
            Ended(
                code=code if code >= 0 else 128 - code,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                peak_memory_bytes=usage.ru_maxrss * RSS_UNIT,
            )
        )
        return True

    def _release(self) -> None:
        for pipe in (self._popen.stdout, self._popen.stderr):
            assert pipe is not None  # noqa: S101  # both are pipes
            if not pipe.closed:
                self._deafen(pipe.fileno())
                pipe.close()
        self._input.close()
        self._forget()
        if self._inner is not None:
            os.close(self._inner)
            self._inner = None


def _open_child(pid: int, parent: int) -> int | None:
    """A hold on a process that cannot be another one's by now; None when it is gone."""
    try:
        held = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == parent:
            return held
    except OSError:
        pass
    os.close(held)
    return None
