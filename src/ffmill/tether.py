"""Starts a program that dies with the process that started it, under another user id where asked.

The file is run as a script of its own (`python -I -S tether.py …`) and replaces itself by the program: what is
done here may not be done between fork and exec of a larger process.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

As: TypeAlias = Literal["self", "namespace", "user"]

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def command(
    program: Sequence[str],
    *,
    run_as: As = "self",
    uid: int = 0,
    gid: int = 0,
    ending: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """The argument list that runs `program` tied to the calling process; its pid becomes the program's.

    The kernel sends it `ending` when the calling process has died, however that was.

    `namespace` shows `uid` and `gid` to the program while the kernel keeps the caller's, `user` changes to them.
    The tie is to the calling thread (prctl(2), PR_SET_PDEATHSIG), which must live as long as the program shall.
    """
    numbers = (str(number) for number in (os.getpid(), uid, gid, int(ending)))
    return [sys.executable, "-I", "-S", __file__, run_as, *numbers, *program]


def main() -> None:
    """Takes the user id, ties this process to its parent, becomes the program."""
    run_as, parent, uid, gid, ending, *program = sys.argv[1:]
    if run_as == "namespace":
        _enter_namespace(int(uid), int(gid))
    elif run_as == "user":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    _tie(int(parent), int(ending))  # last: a change of user id would undo it
    os.execv(program[0], program)  # noqa: S606  # becoming the program is the purpose


def _tie(parent: int, ending: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    _libc("prctl", PR_SET_PDEATHSIG, ending, 0, 0, 0)
    if os.getppid() != parent:  # it died before the tie was made
        sys.exit("the process that started this one has ended")


def _enter_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _libc("unshare", CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def _libc(name: str, *args: int) -> None:
    if ctypes.CDLL(None, use_errno=True)[name](*args) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
