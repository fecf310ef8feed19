"""How a program ended, and what it cost; for the keeper too, which loads nothing but the standard library."""

import os
import resource
import sys
from typing import NamedTuple

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss (getrusage(2))


class Ended(NamedTuple):
    """How a program ended, and what it cost, all that it waited for included (wait4(2))."""

    code: int  # 128 + n after signal n, as a shell has it
    cpu_seconds: float
    peak_memory_bytes: int  # not less than that of the process that started it, whose pages it had until execve

    @classmethod
    def of(cls, status: int, usage: resource.struct_rusage) -> "Ended":
        """What wait4 has told."""
        code = os.waitstatus_to_exitcode(status)
        return cls(
            code=code if code >= 0 else 128 - code,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory_bytes=usage.ru_maxrss * RSS_UNIT,
        )
