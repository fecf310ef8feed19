"""How a limit shows that the kernel holds a command to: by what the command says."""

import errno
import re

from ffmill.sandbox.limits import Limits

LINE_BYTES = 4096
TOO_LARGE, NO_MEMORY = b"File too large", b"Cannot allocate memory"
NO_THREAD, TOO_MANY_OPEN = b"Resource temporarily unavailable", b"Too many open files"
# Where the error stands in a message: at its end, alone or behind a colon. A file's name, a title, a text to be drawn,
# quoted in the middle of another message, is no error.
SIGN = re.compile(
    rb"(?:\A|[:\]] ?)(?P<sign>" + b"|".join((TOO_LARGE, NO_MEMORY, NO_THREAD, TOO_MANY_OPEN)) + rb")\s*\Z"
    rb"|malloc of size \d+ failed\s*\Z"
)
LEVEL = re.compile(rb"\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\]")
SEVERE = (b"panic", b"fatal", b"error")
THREAD_REFUSED = 256 - errno.EAGAIN  # ffmpeg's exit code; the words alone mean many things


class Evidence:
    """Watches what a command says for the errors that its limits give it (errno(3)).

    A breach of memory may be nothing but a line in the log: libraries pass over an allocation that failed, and ffmpeg
    exits 0. So a line that is marked as an error counts whatever the exit code, one without a mark when that is not 0.
    """

    def __init__(self) -> None:
        self._partial = b""
        self._unmarked = set[bytes]()
        self._errors = set[bytes]()

    def feed(self, chunk: bytes) -> None:
        """Takes what the command wrote."""
        *lines, last = (self._partial + chunk).split(b"\n")
        self._partial = last[-LINE_BYTES:]
        for line in lines:
            self._take(line)

    def breach(self, limits: Limits, code: int, *, threads_counted: bool) -> str | None:
        """The sentence on the limit that ended the command with this exit code, if one did.

        A thread is refused for want of memory too (pthread_create(3)), so for that alone where threads do not count.
        """
        self._take(self._partial)
        seen = self._errors | self._unmarked if code else self._errors
        if TOO_LARGE in seen:
            return limits.file_sentence()
        if NO_MEMORY in seen:
            return limits.memory_sentence()
        if NO_THREAD in seen and code == THREAD_REFUSED:
            return limits.threads_sentence() if threads_counted else limits.memory_sentence()
        return limits.open_files_sentence() if TOO_MANY_OPEN in seen else None

    def _take(self, line: bytes) -> None:
        found = SIGN.search(line[-LINE_BYTES:])
        if not found:
            return
        level = LEVEL.search(line)
        if level is None or level[1] in SEVERE:
            (self._errors if level else self._unmarked).add(found["sign"] or NO_MEMORY)
