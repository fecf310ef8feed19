"""Programs started as another user at the price of a plain start.

`Popen(user=…)` must fork, which copies the page tables of a large worker: 5 ms a start where vfork takes 0.2. So the
calling thread takes on the user's ids itself while it starts the program: in Linux credentials belong to a thread, and
what it executes keeps them for good, without a way back (credentials(7), execve(2)).
"""

import ctypes
import os
import platform
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from ffmill import libc
from ffmill.errors import CannotStart

# setgroups, setresgid, setresuid: asked from the kernel, because libc's change the ids of every thread (nptl(7)).
CALLS = {"x86_64": (116, 119, 117), "aarch64": (159, 149, 147)}
PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2


def check_machine() -> None:
    """Raises CannotStart on a processor whose calls are not known here."""
    if platform.machine() not in CALLS:
        raise CannotStart(
            f"on {platform.machine()} the worker cannot give its slots users of their own: run it as an ordinary user"
        )


@contextmanager
def acting_as(uid: int | None) -> Generator[None]:
    """Programs started inside are user and group `uid`, in no other group and without privileges; None changes nothing.

    For root only. Nothing else may happen inside, an await least of all.
    """
    if uid is None:
        yield
        return
    setgroups, setresgid, setresuid = CALLS[platform.machine()]
    groups, gid, parent, tie = os.getgroups(), os.getegid(), os.getppid(), _pdeathsig()
    _set_groups(setgroups, [])
    try:
        libc.call("syscall", setresgid, uid, uid, gid)  # the saved ids lead back; execve overwrites them
        libc.call("syscall", setresuid, uid, uid, 0)
        yield
    finally:
        libc.call("syscall", setresuid, 0, 0, 0)
        libc.call("syscall", setresgid, gid, gid, gid)
        _set_groups(setgroups, groups)
        _tie_again(parent, tie)


def _tie_again(parent: int, tie: int) -> None:
    """A change of user undoes the tie to our own parent (prctl(2), PR_SET_PDEATHSIG)."""
    if tie:
        libc.call("prctl", PR_SET_PDEATHSIG, tie, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            signal.raise_signal(tie)


def _pdeathsig() -> int:
    number = ctypes.c_int(0)
    libc.call("prctl", PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value


def _set_groups(call: int, groups: Sequence[int]) -> None:
    libc.call("syscall", call, len(groups), (ctypes.c_uint32 * len(groups))(*groups))
