"""A program that the keeper started, confined, for the worker."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import ffmill
from ffmill.sandbox.ended import Ended
from ffmill.sandbox.keeper import receive

KEEPER = "import sys; sys.path.append(sys.argv.pop(1)); from ffmill.sandbox.keeper import main; main()"
PACKAGES = Path(ffmill.__file__).parents[1]  # where `ffmill` is imported from
LOADING = ("LD_LIBRARY_PATH",)  # what a Python may need to start
KILLED = Ended(code=128 + signal.SIGKILL, cpu_seconds=0, peak_memory_bytes=0)


class Keeper:
    """The keeper of a worker, as the worker sees it; made by `open`, in the main thread, to whose life it is tied."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    @classmethod
    @contextmanager
    def open(cls, common: Mapping[str, Any], code: bytes) -> Generator[Self]:
        """Runs as long as the context; what it makes has `common` and the filter `code` in common."""
        kept = cls([str(os.getpid()), code.hex(), json.dumps(common)])
        try:
            yield kept
        finally:
            kept._end()

    def make(self, request: Mapping[str, Any], descriptors: list[int]) -> None:
        """Lets it make a process on these descriptors; the last is for its report. Raises OSError."""
        if self._process is None or self._process.poll() is not None:  # it may be killed where memory runs out
            self._end()
            self._begin()
        assert self._channel is not None  # noqa: S101  # it has just been made
        socket.send_fds(self._channel, [json.dumps(request).encode()], descriptors)

    def _begin(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setblocking(False)
        with theirs:
            words = [sys.executable, "-I", "-S", "-c", KEEPER, str(PACKAGES), str(theirs.fileno()), *self._command]
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                env={name: os.environ[name] for name in LOADING if name in os.environ},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Confined:
    """What the keeper is to make."""

    keeper: Keeper
    directory: Path  # where it works, the only place where it may write
    inputs: Path  # it may read what lies there
    uid: int | None = None
    cores: frozenset[int] | None = None

    def launch(self, stdin: int, stdout: int, stderr: int) -> "Kept":
        """Lets it be made; raises OSError."""
        return Kept(self, [stdin, stdout, stderr])


class Kept:
    """A program that was started; see `process.Child`."""

    def __init__(self, confined: Confined, descriptors: list[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Ended] = self._loop.create_future()
        self.known: asyncio.Future[int] = self._loop.create_future()
        self._hold: int | None = None
        self._report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._report.setblocking(False)
        request = {
            "directory": str(confined.directory),
            "inputs": str(confined.inputs),
            "uid": confined.uid,
            "cores": sorted(confined.cores or ()),
        }
        try:
            with theirs:
                confined.keeper.make(request, [*descriptors, theirs.fileno()])
        except BaseException:
            self._report.close()
            raise
        self._loop.add_reader(self._report.fileno(), self._learn)

    def kill(self) -> None:
        """Has it killed; there is nothing else in it, since it cannot fork."""
        with suppress(OSError):  # it has ended
            self._report.shutdown(socket.SHUT_WR)

    def release(self) -> None:
        """Gives back the hold on it."""
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    def _learn(self) -> None:
        try:
            message, descriptors = receive(self._report)
        except OSError:
            message, descriptors = b"", []
        words: dict[str, Any] = json.loads(message) if message else {}
        if "pid" in words:
            self._hold = descriptors[0] if descriptors else None
            self.known.set_result(words["pid"])
            return
        self._loop.remove_reader(self._report.fileno())
        self._report.close()
        if words:
            self.ended.set_result(Ended(**words))
        else:
            self._see_die()

    def _see_die(self) -> None:
        """Without the keeper nothing lives that it made; but its files are closed before the kernel kills for it."""
        if self._hold is None:
            self.ended.set_result(KILLED)
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._hold, signal.SIGKILL)
        self._loop.add_reader(self._hold, self._see_dead, self._hold)

    def _see_dead(self, hold: int) -> None:
        self._loop.remove_reader(hold)
        self.ended.set_result(KILLED)
