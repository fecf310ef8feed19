"""The filter of system calls, as a program of classic BPF (seccomp(2)), assembled here: no libseccomp is needed."""

import ctypes
import platform
import struct
from collections.abc import Iterable
from typing import Literal

from ffmill import libc
from ffmill.sandbox import calls

Kind = Literal["allow", "deny", "nvidia"]

ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000  # SECCOMP_RET_…; KILL ends the whole process
EPERM, ENOTTY, ENOSYS = 1, 25, 38
LOAD, EQUAL, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06  # linux/bpf_common.h
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # struct seccomp_data; arguments have 8 bytes each
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_… (linux/audit.h)
X32 = 0x40000000  # the bit of x86_64's calls for 32-bit pointers
CLONE_FILES, CLONE_THREAD = 0x400, 0x10000
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
TERMINAL = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421)  # TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO
INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: they put words into a terminal
OWNER = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP: they let a file send signals
FILES = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)  # fcntl on copies, flags, locks, the size of a pipe
NAMES = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def kind(setting: Literal["allow", "deny"], *, gpu: bool) -> Kind:
    """The kind of filter that a setting means in a pool with a GPU, or without."""
    return "nvidia" if gpu and setting == "allow" else setting


def program(kind: Kind = "allow", machine: str | None = None) -> bytes:
    """The filter for a kind of program, 8 bytes an instruction, as the kernel and bwrap's `--seccomp` take it.

    `allow` lets through what FFmpeg needs, `nvidia` what CUDA needs besides, `deny` all but what no media program
    needs. Under each: calls of another architecture end the program; there are no processes but its own, no sockets,
    no links, no signals. What is not let through is "no such call" (ENOSYS), for which every libc has another way.

    Raises KeyError on a machine whose calls are not known.
    """
    machine = machine or platform.machine()
    asked = calls.asked(machine)
    code = _Code()
    code.check_architecture(machine)
    # threads, no processes; and none with files of its own, which nobody would count
    code.ask(asked["clone"], 0, [CLONE_THREAD | CLONE_FILES], masked=True, then=ALLOW, otherwise=ERRNO | EPERM)
    code.answer([asked["clone3"]], ERRNO | ENOSYS)  # its flags lie in memory; every libc then takes clone
    code.answer(calls.refused(machine).values(), ERRNO | EPERM)
    # memory that is nobody's, once it is no longer mapped, but takes room (mmap(2))
    code.ask(asked["mmap"], 3, [MAP_SHARED | MAP_ANONYMOUS], masked=True, then=ERRNO | EPERM, otherwise=ALLOW)
    # no owner to send signals to, no lease that makes others wait
    code.ask(asked["fcntl"], 1, FILES, then=ALLOW, otherwise=ERRNO | EPERM)
    code.ask(asked["prctl"], 0, NAMES, then=ALLOW, otherwise=ERRNO | EPERM)
    code.ask(asked["prlimit64"], 0, [0], then=ALLOW, otherwise=ERRNO | EPERM)  # its own limits, nobody else's
    if kind == "allow":
        code.ask(asked["ioctl"], 1, TERMINAL, then=ALLOW, otherwise=ERRNO | ENOTTY)
    else:
        code.ask(asked["ioctl"], 1, (*INJECTION, *OWNER), then=ERRNO | EPERM, otherwise=ALLOW)
    if kind == "deny":
        code.answer(calls.denied(machine).values(), ERRNO | ENOSYS)
        code.end(ALLOW)
    else:
        code.answer(calls.allowed(machine).values(), ALLOW)
        if kind == "nvidia":
            code.answer(calls.of_gpu(machine).values(), ALLOW)
        code.end(ERRNO | ENOSYS)
    return bytes(code.code)


class _Code:
    """Instructions of a filter: struct sock_filter, four fields each."""

    def __init__(self) -> None:
        self.code = bytearray()

    def check_architecture(self, machine: str) -> None:
        """Kills a program that makes calls of another architecture; else its call's number is loaded."""
        self._put(LOAD, ARCHITECTURE)
        self._put(EQUAL, ARCHITECTURES[machine], then=1)
        self._put(RETURN, KILL)
        self._put(LOAD, NUMBER)
        if machine == "x86_64":
            self._put(AT_LEAST, X32, otherwise=1)
            self._put(RETURN, KILL)

    def answer(self, numbers: Iterable[int], verdict: int) -> None:
        """Gives the verdict on each of the calls."""
        for number in numbers:
            self._put(EQUAL, number, otherwise=1)
            self._put(RETURN, verdict)

    def ask(
        self, number: int, argument: int, values: Iterable[int], *, masked: bool = False, then: int, otherwise: int
    ) -> None:
        """Gives the verdict `then` on a call when its argument is one of the values, or, `masked`, has all bits of one.

        Looks at the low half alone: the kernel takes these arguments as 32 bits wide.
        """
        checks = [[*([(AND, value, 0, 0)] if masked else []), (EQUAL, value, 0, 1)] for value in values]
        self._put(EQUAL, number, otherwise=sum(len(check) + 1 for check in checks) + 2)
        self._put(LOAD, ARGUMENTS + 8 * argument)
        for check in checks:
            for operation, value, true, false in check:
                self._put(operation, value, then=true, otherwise=false)
            self._put(RETURN, then)
        self._put(RETURN, otherwise)

    def end(self, verdict: int) -> None:
        """Gives the verdict on everything else."""
        self._put(RETURN, verdict)

    def _put(self, operation: int, value: int, *, then: int = 0, otherwise: int = 0) -> None:
        self.code += struct.pack("=HBBI", operation, then, otherwise, value)


def install(code: bytes) -> None:
    """Puts this process and all that it becomes under a filter, for good; it has no new privileges already.

    Raises OSError.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    libc.call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0)
