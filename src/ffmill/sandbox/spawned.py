"""A program that is a child of the worker: bubblewrap, or a plain `sh`."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ffmill.sandbox.acting import acting_as
from ffmill.sandbox.cores import pinned_to
from ffmill.sandbox.ended import Ended
from ffmill.sandbox.process import READ_BYTES

POLL_SECONDS = 0.01
CHILD_PID = re.compile(rb'"child-pid": (\d+)')


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What is started, and as whom."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]  # all of it
    directory: Path | None = None
    uid: int | None = None  # the user to be, for root
    cores: frozenset[int] | None = None  # all that it may run on; None for ours
    is_bwrap: bool = False  # it tells the pid of what it runs, and puts that under a filter
    filter: bytes = b""  # of system calls, for bwrap

    def launch(self, stdin: int, stdout: int, stderr: int) -> "Spawned":
        """Starts it; raises OSError."""
        return Spawned(self, stdin, stdout, stderr)


class Spawned:
    """A program that was started; see `process.Child`."""

    def __init__(self, program: Program, stdin: int, stdout: int, stderr: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Ended] = self._loop.create_future()
        self.known: asyncio.Future[int] = self._loop.create_future()
        self._pidfd: int | None = None
        self._inner: int | None = None
        self._told: int | None = None
        self._words = b""
        self._doomed = False  # whether it is to be killed as soon as that can be done
        try:
            with self._options(program) as options, pinned_to(program.cores), acting_as(program.uid):
                self._popen = subprocess.Popen(
                    [
                        program.argv[0],
                        *(word for name, fd in options.items() for word in (name, str(fd))),
                        *program.argv[1:],
                    ],
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    env=dict(program.environment),
                    cwd=program.directory,
                    start_new_session=True,
                    pass_fds=tuple(options.values()),
                )
        except BaseException:
            self._forget()
            raise
        if not program.is_bwrap:
            self.known.set_result(self._popen.pid)
        self._watch()

    def kill(self) -> None:
        """Kills what bwrap runs, not bwrap: it then tells the end and the cost, and nothing is left half made.

        Before bwrap has told what it runs nothing is done: this is called again when it has.
        """
        self._doomed = True
        if self.ended.done() or not self.known.done():
            return
        if self._inner is not None:
            with suppress(ProcessLookupError):  # it has ended, and bwrap is about to
                signal.pidfd_send_signal(self._inner, signal.SIGKILL)
        else:
            os.killpg(self._popen.pid, signal.SIGKILL)

    def release(self) -> None:
        """Gives back what is held of it."""
        self._forget()
        if self._inner is not None:
            os.close(self._inner)
            self._inner = None

    @contextmanager
    def _options(self, program: Program) -> Generator[dict[str, int]]:
        """What bwrap is told about descriptors of its own."""
        if not program.is_bwrap:
            yield {}
            return
        self._told, telling = os.pipe()
        options = {"--info-fd": telling}
        try:
            if program.filter:
                options["--seccomp"] = in_memory(program.filter)
            yield options
        finally:
            for descriptor in options.values():
                os.close(descriptor)

    def _watch(self) -> None:
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
        if found and not self.ended.done():
            self._inner = _open_child(int(found[1]), self._popen.pid)
        self.known.set_result(int(found[1]) if found and self._inner is not None else self._popen.pid)
        if self._doomed:
            self.kill()

    def _forget(self) -> None:
        if self._told is not None:
            self._loop.remove_reader(self._told)
            os.close(self._told)
            self._told = None

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
        ended = Ended.of(status, usage)
        self._popen.returncode = ended.code  # so that it is not waited for again
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        self.ended.set_result(ended)
        return True


def in_memory(data: bytes) -> int:
    """A descriptor from which the data can be read once; Linux only."""
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


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
