"""Confines a process by Landlock, for hosts that forbid namespaces: it needs no privilege (Landlock, kernel docs).

Used by the keeper, which has nothing but the standard library and ffmill's own.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ffmill import libc

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


class Rule(NamedTuple):
    """What may be done with a path and what lies below it."""

    descriptor: int  # of the path
    rights: int  # bits


def version() -> int:
    """Of this kernel's Landlock; 0 where there is none, or where it was not switched on."""
    try:
        return libc.call("syscall", CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def rules(paths: Iterable[str], rights: Iterable[str]) -> list[Rule]:
    """Rules that give these rights over the paths; what is not there is passed over."""
    names, found = list(rights), list[Rule]()
    for path in paths:
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            held = names if Path(path).is_dir() else [name for name in names if name in OF_FILES]
            found.append(Rule(descriptor, sum(1 << RIGHTS.index(name) for name in held)))
    return found


def restrict(allowed: Iterable[Rule]) -> None:
    """Leaves this process, and all that it becomes, what the rules allow and no more, and no network by TCP.

    The process has no new privileges already. A right that no rule gives, as that to make links, sockets or devices,
    or to move a file from one path to another, is nobody's. Raises OSError.
    """
    known = version()
    handled = (1 << KNOWN.get(known, len(RIGHTS))) - 1
    attributes = struct.pack(
        "=QQQ", handled, NETWORK if known >= NETWORK_SINCE else 0, SCOPES if known >= SCOPES_SINCE else 0
    )
    size = 24 if known >= SCOPES_SINCE else 16 if known >= NETWORK_SINCE else 8  # an older kernel refuses a longer one
    ruleset = libc.call("syscall", CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    for rule in allowed:
        described = struct.pack("=Qi", rule.rights & handled, rule.descriptor)
        libc.call("syscall", ADD_RULE, ruleset, PATH_BENEATH, described, ctypes.c_uint32(0))
    libc.call("syscall", RESTRICT_SELF, ruleset, ctypes.c_uint32(0))
    os.close(ruleset)
