"""A small process that makes confined ones for a worker: a fork of the worker itself would take long.

It is a Python of its own (`-I -S`: nothing but the standard library and this), with one thread, and ends with its
worker, as all that it made ends with it. It takes requests, each with the descriptors of the new process and one to
report on, where it tells the pid, with a hold on the process, and in the end what became of it.
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
from typing import Any

from ffmill import libc
from ffmill.sandbox import landlock, seccomp

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

    def serve(self) -> None:
        """Until the worker is gone."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._channel:
                    message, descriptors = receive(self._channel)
                    if not message:
                        return
                    self._make(json.loads(message), descriptors)
                else:
                    self._report_end(key)

    def _make(self, request: dict[str, Any], descriptors: list[int]) -> None:
        *streams, told = descriptors
        report, keeper = socket.socket(fileno=told), os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                self._become(request, streams, keeper)
        except OSError:  # no process is to be had just now: who waits for the report sees it end
            report.close()
            return
        finally:
            for stream in streams:
                os.close(stream)
        hold = os.pidfd_open(pid)
        self._selector.register(hold, selectors.EVENT_READ, (pid, report))
        _tell(report, {"pid": pid}, [hold])

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

    def _report_end(self, key: selectors.SelectorKey) -> None:
        (pid, report), hold = key.data, key.fd
        _, status, usage = os.wait4(pid, 0)
        self._selector.unregister(hold)
        os.close(hold)
        code = os.waitstatus_to_exitcode(status)
        _tell(
            report,
            {
                "code": code if code >= 0 else 128 - code,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_memory_bytes": usage.ru_maxrss << 10,
            },
        )
        report.close()


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
