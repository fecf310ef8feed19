"""A small process that makes confined ones for a worker: a fork of the worker itself would take long.

It is a Python of its own (`-I -S`: nothing but the standard library and this), with one thread, and ends with its
worker, as all that it made ends with it. It takes requests, each with the descriptors of the new process and one to
report on. There it tells the pid, with a hold on the process, and in the end what became of it; when the worker shuts
its side of that, it kills the process.
"""

import array
import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys
from contextlib import suppress
from functools import partial
from typing import Any

from ffmill import libc
from ffmill.sandbox import landlock, seccomp
from ffmill.sandbox.ended import Ended

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 38, 47, 4
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITIES_VERSION = 0x20080522
MESSAGE_BYTES, DESCRIPTORS = 1 << 16, 4
NO_CAGE = 126  # the exit code where the process could not be confined, as of a shell that cannot run a program


class Keeper:
    """Serves one worker by a channel."""

    def __init__(self, channel: socket.socket, common: dict[str, Any], code: bytes) -> None:
        self._channel = channel
        self._common = common  # what all requests have in common: the program, its environment
        self._rules = [
            *landlock.rules(common["readable"], landlock.READ),
            *landlock.rules(common["writable"], landlock.WRITE),
            *landlock.rules(common["executable"], landlock.RUN),
        ]
        self._code = code  # the filter of system calls
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ)
        self._kept = set[int]()  # pids that have not been waited for, and so are nobody else's

    def serve(self) -> None:
        """Until the worker is gone."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._channel:
                    key.data()
                elif not self._take():
                    return

    def _take(self) -> bool:
        """Takes a request; False when there will be no more."""
        message, descriptors = receive(self._channel)
        try:
            if len(descriptors) == DESCRIPTORS:  # else we, or the worker, have too many open: who waits sees the end
                self._make(json.loads(message), descriptors)
        except OSError:
            pass
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return bool(message)

    def _make(self, request: dict[str, Any], descriptors: list[int]) -> None:
        *streams, told = descriptors
        keeper, report = os.getpid(), socket.fromfd(told, socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            self._become(request, streams, keeper)
        try:
            hold = os.pidfd_open(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            report.close()
            raise
        self._kept.add(pid)
        self._selector.register(hold, selectors.EVENT_READ, partial(self._report_end, pid, hold, report))
        self._selector.register(report, selectors.EVENT_READ, partial(self._kill, pid, report))
        _tell(report, {"pid": pid}, [hold])

    def _kill(self, pid: int, report: socket.socket) -> None:
        """The worker has nothing more to say: it wants the process gone, or is gone itself."""
        if pid in self._kept:
            self._selector.unregister(report)
            os.kill(pid, signal.SIGKILL)

    def _report_end(self, pid: int, hold: int, report: socket.socket) -> None:
        _, status, usage = os.wait4(pid, 0)
        self._kept.remove(pid)
        self._selector.unregister(hold)
        os.close(hold)
        with suppress(KeyError):  # it was killed
            self._selector.unregister(report)
        _tell(report, Ended.of(status, usage)._asdict())
        report.close()

    def _become(self, request: dict[str, Any], streams: list[int], keeper: int) -> None:
        """Confines this process and turns it into the program; never returns."""
        try:
            for place, stream in enumerate(streams):  # theirs are above 2; no other descriptor is there after execve
                os.dup2(stream, place)
            self._confine(request, keeper)
            program: str = self._common["program"]
            os.execve(program, [program], self._common["environment"])  # noqa: S606  # becoming it is the purpose
        except BaseException as error:  # whatever it is, this process must not go on as a keeper
            os.write(2, f"the cage could not be made: {error}\n".encode())
        finally:
            os._exit(NO_CAGE)

    def _confine(self, request: dict[str, Any], keeper: int) -> None:
        os.setsid()
        os.umask(0o022)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python
            signal.signal(ignored, signal.SIG_DFL)
        if request["cores"]:
            os.sched_setaffinity(0, request["cores"])
        if (uid := request["uid"]) is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        tie_to(keeper)  # after a change of user, which would undo it
        _drop_capabilities()
        libc.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        os.chdir(request["directory"])
        own = [*landlock.rules([request["inputs"]], landlock.READ), *landlock.rules(["."], landlock.WRITE)]
        landlock.restrict([*self._rules, *own])
        seccomp.install(self._code)


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """A message and the descriptors that came with it, which nothing inherits; `socket.recv_fds` forgets its flags."""
    message, ancillary, _, _ = channel.recvmsg(
        MESSAGE_BYTES, socket.CMSG_SPACE(4 * DESCRIPTORS), socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array.array("i")
    for _, kind, data in ancillary:
        if kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) // 4 * 4])
    return message, list(descriptors)


def _tell(report: socket.socket, words: dict[str, float], descriptors: list[int] | None = None) -> None:
    with suppress(OSError):  # nobody listens any more
        socket.send_fds(report, [json.dumps(words).encode()], descriptors or [])


def _drop_capabilities() -> None:
    """Root without a user namespace has some; no others are won by exec, since there are no new privileges."""
    libc.call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", CAPABILITIES_VERSION, 0)
    libc.call("syscall", CAPSET[os.uname().machine], header, bytes(24))


def tie_to(parent: int) -> None:
    """Lets this process be killed with its parent (prctl(2), PR_SET_PDEATHSIG)."""
    libc.call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before
        os._exit(NO_CAGE)


def main() -> None:
    """Takes the channel's descriptor, the worker's pid, the filter of calls, and what all requests have in common."""
    channel, worker, code, common = sys.argv[1:]
    tie_to(int(worker))
    os.set_inheritable(int(channel), False)  # whoever has it can have things done as the worker's user
    gc.freeze()  # forks then share what they have in common
    Keeper(socket.socket(fileno=int(channel)), json.loads(common), bytes.fromhex(code)).serve()
