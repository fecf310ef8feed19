"""How a limit shows that the kernel holds a command to: by what the command says."""

import errno
import re
from typing import Final

from ffmill.sandbox.limits import Limits

LINE_BYTES = 4096
TOO_LARGE, NO_MEMORY, NO_MALLOC = b"File too large", b"Cannot allocate memory", b"malloc of size"
NO_THREAD, TOO_MANY_OPEN = b"Resource temporarily unavailable", b"Too many open files"
ERROR = re.compile(rb"\[(error|fatal|panic)\]")
THREAD_REFUSED = 256 - errno.EAGAIN  # ffmpeg's exit code; the words alone mean many things


class Evidence:
    """Watches what a command says for the errors that its limits give it (errno(3)).

    A breach of memory may be nothing but a line in the log: libraries pass over an allocation that failed, and ffmpeg
    exits 0. So a line that is marked as an error counts whatever the exit code, any other line when that is not 0.
    """

    TEXTS: Final = (TOO_LARGE, NO_MEMORY, NO_MALLOC, NO_THREAD, TOO_MANY_OPEN)

    def __init__(self) -> None:
        self._partial = b""
        self._seen = set[bytes]()
        self._errors = set[bytes]()

    def feed(self, chunk: bytes) -> None:
        """Takes what the command wrote."""
        text = self._partial + chunk
        for sign in self.TEXTS:
            if sign in text:
                self._note(sign, text)
        self._partial = text[text.rfind(b"\n") + 1 :][-LINE_BYTES:]

    def breach(self, limits: Limits, code: int, *, threads_counted: bool) -> str | None:
        """The sentence on the limit that ended the command with this exit code, if one did.

        A thread is refused for want of memory too (pthread_create(3)), so for that alone where threads do not count.
        """
        seen = self._seen if code else self._errors
        if TOO_LARGE in seen:
            return limits.file_sentence()
        if NO_MEMORY in seen or NO_MALLOC in seen:
            return limits.memory_sentence()
        if NO_THREAD in seen and code == THREAD_REFUSED:
            return limits.threads_sentence() if threads_counted else limits.memory_sentence()
        return limits.open_files_sentence() if TOO_MANY_OPEN in seen else None

    def _note(self, sign: bytes, text: bytes) -> None:
        self._seen.add(sign)
        if any(sign in line and ERROR.search(line) for line in text.splitlines()):
            self._errors.add(sign)
