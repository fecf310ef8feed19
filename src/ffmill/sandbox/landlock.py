"""Confines a process by Landlock, for hosts that forbid namespaces: it needs no privilege (Landlock, kernel docs).

Used by the keeper, between fork and exec: nothing but the standard library is imported.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
ASK_VERSION, PATH_BENEATH = 1, 1

# Rights over files, in the order of their bits (linux/landlock.h).
RIGHTS = (
    "execute", "write_file", "read_file", "read_dir", "remove_dir", "remove_file", "make_char", "make_dir", "make_reg",
    "make_sock", "make_fifo", "make_block", "make_sym", "refer", "truncate", "ioctl_dev",
)  # fmt: skip
KNOWN = {1: 13, 2: 14, 3: 15, 4: 15}  # how many of them a version knows; all since 5
NETWORK, NETWORK_SINCE = 0b11, 4  # bind and connect by TCP
SCOPES, SCOPES_SINCE = 0b11, 6  # abstract unix sockets and signals, of and to processes outside
OF_FILES = ("execute", "write_file", "read_file", "truncate", "ioctl_dev")  # the others are of directories

READ = ("read_file", "read_dir")
RUN = ("execute", "read_file")
WRITE = (*READ, "write_file", "remove_dir", "remove_file", "make_dir", "make_reg", "truncate")


def version() -> int:
    """Of this kernel's Landlock; 0 where there is none, or where it was not switched on."""
    try:
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def restrict(*, readable: Iterable[str], writable: Iterable[str], executable: Iterable[str]) -> None:
    """Leaves this process, and all that it becomes, these paths with what lies below them, and no network by TCP.

    The process has no new privileges already. No right is given to make links, sockets or devices, and none to move a
    file from one of the paths to another. What is not there is passed over. Raises OSError.
    """
    known = version()
    handled = (1 << KNOWN.get(known, len(RIGHTS))) - 1
    attributes = struct.pack(
        "=QQQ", handled, NETWORK if known >= NETWORK_SINCE else 0, SCOPES if known >= SCOPES_SINCE else 0
    )
    size = 24 if known >= SCOPES_SINCE else 16 if known >= NETWORK_SINCE else 8  # an older kernel refuses a longer one
    ruleset = _call(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    for paths, rights in ((readable, READ), (writable, WRITE), (executable, RUN)):
        for path in paths:
            _allow(ruleset, path, rights, handled)
    _call(RESTRICT_SELF, ruleset, ctypes.c_uint32(0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: Iterable[str], handled: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    names = rights if Path(path).is_dir() else [name for name in rights if name in OF_FILES]
    bits = sum(1 << RIGHTS.index(name) for name in names) & handled
    _call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", bits, descriptor), ctypes.c_uint32(0))
    os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    answer = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return answer
