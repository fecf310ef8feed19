"""What somebody tries who has taken ffmpeg over, call by call; all of it must fail, at every level.

Each call is such that it does no harm where it succeeds, should a cage not hold.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.machine_code import Call, Room

HERE = -100 % (1 << 64)  # AT_FDCWD
O_WRONLY, O_CREAT, O_TMPFILE, O_PATH = 1, 0o100, 0o20200000, 0o10000000
OF_DENY = ("know the host's name", "know its load and start")  # what a deny-list lets through
SOCKETS = {"unix": 1, "IPv4": 2, "IPv6": 10, "netlink": 16, "packet": 17, "vsock": 40}


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What there is to attack."""

    secret: Path  # a file
    other: Path  # another job's directory, with a file
    worker: int  # its pid
    inputs: Path  # of this very job


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call that must fail."""

    name: str
    call: Call


def attempts(host: Host) -> list[Attempt]:
    """All of them."""
    table = [*_on_files(host), *_on_processes(host), *_beyond_the_limits(), *_on_the_network(), *_on_the_system()]
    return [Attempt(name=name, call=Call(number, arguments)) for name, number, arguments in table]


Row = tuple[str, int, tuple[int | bytes | Room, ...]]


def path(of: Path | str) -> bytes:
    return os.fsencode(of) + b"\0"


def _on_files(host: Host) -> Iterator[Row]:
    secret, beside = path(host.secret), path(host.secret.with_name("made"))
    for name in (
        host.secret,
        next(host.other.iterdir()),
        *("/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/proc/version", "/proc/uptime"),
        *(f"/proc/{host.worker}/environ", f"/proc/{host.worker}/mem", f"/proc/{host.worker}/fd/0"),
        *(
            "/sys/kernel/notes",
            "/dev/mem",
            "/dev/kmsg",
            "/dev/zero",
            "/dev/tty",
            "/dev/ptmx",
            "/dev/shm/x",
            "/run/utmp",
        ),
    ):
        yield f"read {name}", 2, (path(name), 0)
    for name in ("/", "/etc", host.other, host.secret.parent, "/proc", "/root", "/home", "/tmp/.X11-unix"):
        if name != "/":  # of which a cage in namespaces has its own
            yield f"list {name}", 2, (path(name), 0o200000)
    yield "write the secret", 2, (secret, O_WRONLY)
    yield "write the secret by openat", 257, (HERE, secret, O_WRONLY)
    yield "write the secret by openat2", 437, (HERE, secret, struct.pack("<3Q", O_WRONLY, 0, 0), 24)
    yield "make a file beside it", 2, (beside, O_WRONLY | O_CREAT, 0o600)
    yield "make a file without a name there", 2, (path(host.secret.parent), O_WRONLY | O_TMPFILE, 0o600)
    yield "make a directory there", 83, (beside, 0o700)
    yield "delete the secret", 87, (secret,)
    yield "move the secret", 82, (secret, b"moved\0")
    yield "move a directory out", 82, (b"outputs\0", beside)
    yield "exchange the secret", 316, (HERE, secret, HERE, b"outputs\0", 2)
    yield "cut the secret", 76, (secret, 0)
    yield "change an input", 2, (b"inputs/i\0", O_WRONLY)
    yield "make an input", 2, (b"inputs/made\0", O_WRONLY | O_CREAT, 0o600)
    yield "delete an input", 87, (b"inputs/i\0",)
    yield "change an input by its host's path", 2, (path(host.inputs / "i"), O_WRONLY)
    yield "link to the secret", 88, (secret, b"link\0")
    yield "link to the secret by symlinkat", 266, (secret, HERE, b"link\0")
    yield "give the secret a name here", 86, (secret, b"name\0")
    yield "give the secret a name here by linkat", 265, (HERE, secret, HERE, b"name\0", 0)
    yield "make a device", 133, (b"device\0", 0o60666, 0x100)
    yield "make a fifo", 259, (HERE, b"fifo\0", 0o10666, 0)
    yield "open the secret's mode", 90, (secret, 0o777)
    yield "make its own file a program", 268, (HERE, b"outputs\0", 0o7777)
    yield "own the secret", 92, (secret, 0, 0)
    yield "date the secret", 280, (HERE, secret, 0, 0)
    yield "label the secret", 188, (secret, b"user.x\0", b"x", 1, 0)
    yield "find the secret by handle", 303, (HERE, secret, Room(), Room(128), 0)
    yield "open a handle", 304, (HERE, Room(), 0)
    yield "watch the secret", 254, (0, secret, 0xFFF)
    yield "change the root", 161, (b".\0",)


def _on_processes(host: Host) -> Iterator[Row]:
    worker = host.worker
    yield "fork", 57, ()
    yield "vfork", 58, ()
    yield "clone a process", 56, (17, 0, 0, 0, 0)
    yield "clone a process in new namespaces", 56, (0x7E020000 | 17, 0, 0, 0, 0)
    yield "clone a process by clone3", 435, (Room(), 64)
    yield "become a program of the host", 59, (b"/usr/bin/env\0", 0, 0)
    yield "become a program of the host by execveat", 322, (HERE, b"/usr/bin/env\0", 0, 0, 0)
    for name, pid in (("the worker", worker), ("everybody", -1), ("pid 1", 1)):
        yield f"signal {name}", 62, (pid, 0)
    yield "signal a thread of the worker", 234, (worker, worker, 0)
    yield "queue a signal to the worker", 129, (worker, 0, Room())
    yield "hold the worker", 434, (worker, 0)
    yield "trace the worker", 101, (16, worker, 0, 0)
    yield "read the worker's memory", 310, (worker, Room(), 1, Room(64), 1, 0)
    yield "write the worker's memory", 311, (worker, Room(), 1, Room(64), 1, 0)
    yield "know the worker's limits", 302, (worker, 7, 0, Room())
    yield "make the worker wait", 141, (0, worker, 0)
    yield "take the worker's cores", 203, (worker, 8, Room())
    yield "run before all others", 144, (0, 1, Room())
    yield "have a file signal the worker", 72, (0, 8, worker)
    yield "compare files with the worker", 312, (worker, worker, 0, 0, 0)
    yield "be root", 105, (0,)
    yield "be root for good", 117, (0, 0, 0)
    yield "be in root's group", 106, (0,)
    yield "be in more groups", 116, (1, Room())


def _beyond_the_limits() -> Iterator[Row]:
    shared, anonymous = 0x01, 0x20
    yield "map memory that is nobody's", 9, (0, 4096, 3, shared | anonymous, -1, 0)
    yield "reserve space", 285, (1, 1, 0, 4096)
    yield "lease a file", 72, (0, 1024, 0)
    yield "watch a directory by a file", 72, (0, 1026, 1)
    yield "grow a pipe", 72, (1, 1031, 1 << 20)
    yield "lock a file for all", 73, (0, 2)
    yield "close files of its own", 436, (100, 200, 2)
    yield "start a thread with files of its own", 56, (0x10900, 0, 0, 0, 0)


def _on_the_network() -> Iterator[Row]:
    for name, family in SOCKETS.items():
        for kind, number in (("stream", 1), ("datagram", 2), ("raw", 3)):
            yield f"open a socket: {name}, {kind}", 41, (family, number, 0)
    yield "open a pair of sockets", 53, (1, 1, 0, Room())
    for name, number in (("connect", 42), ("bind", 49), ("listen", 50), ("accept", 43)):
        yield f"{name} what it reads from", number, (0, Room(), 16)
    yield "ask io_uring", 425, (8, Room())


def _on_the_system() -> Iterator[Row]:
    for name, number in (
        *(("mount", 165), ("unmount", 166), ("leave namespaces", 272), ("enter namespaces", 308), ("pivot", 155)),
        *(("open a tree", 428), ("move a mount", 429), ("make a mount", 432), ("load BPF", 321), ("profile", 298)),
        *(("add a key", 248), ("read keys", 250), ("request a key", 249), ("handle faults", 323), ("make memory", 319)),
        *(("filter calls", 317), ("load a module", 175), ("load a module's file", 313), ("load a kernel", 246)),
        *(
            ("swap", 167),
            ("read the kernel's log", 103),
            ("account", 163),
            ("be another Linux", 135),
            ("watch all", 300),
        ),
        *(("name the host", 170), ("name its domain", 171), ("set the clock", 227)),
        *(("share memory", 29), ("make a semaphore", 64), ("make a queue", 68), ("open a queue", 240)),
        *(("use ports", 173), ("use all ports", 172), ("move pages", 279), ("bind memory", 237), ("watch files", 294)),
        *(("set quotas", 179), ("know the host's name", 63), ("know its load and start", 99)),
    ):
        yield name, number, (Room(), Room(512), 0, 0, 0)
    yield "put words into a terminal", 16, (0, 0x5412, Room())
    yield "restart the host", 169, (0, 0, 0, 0)  # EINVAL without its magic numbers
    yield "set the time", 164, (0, 0)
    yield "change its own name space's root", 155, (b".\0", b".\0")
