"""The one line that a waiting `sh` runs: it sets the limits and becomes the program."""

import shlex
from collections.abc import Sequence

from ffmill.sandbox.limits import Limits

FILE_BLOCK, KIB = 512, 1024  # the units of `ulimit -f`, and of -d and -v (POSIX; dash, bash as sh and busybox agree)


def line(
    program: str,
    argv: Sequence[str],
    limits: Limits,
    *,
    progress: bool,
    count_threads: bool,
    bound_addresses: bool = True,
) -> bytes:
    """The bytes for the standard input of `sh`: standard output goes to descriptor 3 when it carries the `progress`.

    `bound_addresses`: false where CUDA runs, which reserves addresses for all memory of the host and its GPUs.

    Raises ValueError for a word with a NUL, which no program can be given.
    """
    if any("\0" in word for word in argv):
        raise ValueError("a NUL character in a word of the command")
    outputs = "3>&1 1>&2" if progress else ""
    command = f"exec {shlex.join([program, *argv])} {outputs} </dev/null"
    # an ignored SIGXFSZ turns a file that grows too large into an error that the program reports (setrlimit(2))
    words = ["trap '' XFSZ", *_ulimits(limits, count_threads, bound_addresses), command]
    return (";".join(words) + "\n").encode(errors="surrogateescape")


def _ulimits(limits: Limits, count_threads: bool, bound_addresses: bool) -> list[str]:
    """A limit that cannot be set is a lower one already in force."""
    values = {
        "c": 0,
        "f": max(1, limits.file_bytes // FILE_BLOCK),
        "d": limits.data_bytes // KIB,
        "v": limits.address_bytes // KIB,
        "n": limits.open_files,
    }
    if limits.cpu_seconds is not None:
        values["t"] = limits.cpu_seconds
    if not bound_addresses:
        del values["v"]
    lines = [f"ulimit -{letter} {value} 2>/dev/null" for letter, value in values.items()]
    if count_threads:  # -p in dash and busybox, -u in bash; one more than a control group allows, which tells it
        most = limits.threads + 1
        lines.append(f"{{ ulimit -p {most} || ulimit -u {most}; }} 2>/dev/null")
    return lines
