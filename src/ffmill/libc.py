"""Calls of libc for which Python has no function. Loaded once: to find libc takes longer than most calls."""

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """What the function gives; raises OSError, with its name, where that is negative."""
    answer: int = _LIBC[name](*arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return answer
