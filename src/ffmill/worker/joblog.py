"""The log of an attempt: what was run and what ffmpeg said, without secrets, head and tail kept when it grows long."""

import re
import shlex
from collections import deque
from collections.abc import Sequence

from ffmill.redaction import GONE, redact, secrets_in, without, words

HALF = 2 << 20  # bytes kept of the head, and of the tail
NEWEST = 64 << 10  # bytes of the newest lines, for those who follow the log
LINE, ERROR_LINE = 1 << 16, 1 << 12  # characters kept of a line, and of one among the errors
ERROR_LINES = 10  # the first, which tell the cause, and as many of the last
LEVEL = re.compile(r"^((?:\[[^\]\n]* @ 0x[0-9a-f]+\] )*)\[(\w+)\] ")
ECHO = "ffmpeg stats and -progress period set to "  # of an option of ours
OF_LIBRARY = re.compile(r"(?:x26[45]|Svt) ?\[error\]: ")  # what encoders print by themselves
SEVERE = frozenset({"error", "fatal", "panic"})
SECRET = re.compile(  # options whose value is one: FFmpeg formats and protocols documentation
    r"-(?:\w*(?:decryption|encryption|enc|audible)_(?:keys?|iv)|activation_bytes|cryptokey|key|iv|headers|cookies"
    r"|\w*pass(?:word|phrase)|\w*token|authorization)(?::.*)?"
)


class JobLog:
    """Text for the person whose job it is; and the last error lines of the command at work."""

    def __init__(self) -> None:
        self.lines = 0  # so far, those left out too
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._dropped = 0
        self._newest: deque[bytes] = deque()
        self._newest_bytes = 0
        self._partial = b""
        self._first: list[str] = []
        self._errors: deque[str] = deque(maxlen=ERROR_LINES)  # those after the first
        self._last: deque[str] = deque(maxlen=5)
        self._secrets = set[str]()  # of the command at work, of which ffmpeg may quote any part

    def command(self, argv: Sequence[str], program: str = "ffmpeg") -> None:
        """Begins a command; its error lines start anew."""
        self._first.clear()
        self._errors.clear()
        self._last.clear()
        whole = {at for at in range(1, len(argv)) if SECRET.fullmatch(argv[at - 1])}
        self._secrets = {
            part for at, word in enumerate(argv) for part in (words(word) if at in whole else secrets_in(word))
        }
        self.line(f"$ {program} {shlex.join(GONE if at in whole else redact(word) for at, word in enumerate(argv))}")

    def line(self, text: str) -> None:
        """Writes one line of ours."""
        self.lines += 1 + text.count("\n")
        data = text.encode(errors="replace") + b"\n"
        self._write(data)
        self._show(data)

    def feed(self, chunk: bytes) -> list[str]:
        """Takes what ffmpeg wrote, which asks for `-loglevel level+…`; gives the whole lines in it, levels removed."""
        *lines, self._partial = (self._partial + chunk.replace(b"\r", b"\n")).split(b"\n")
        if len(self._partial) > HALF:
            before, _, word = self._partial.rpartition(b" ")  # a URL is not to be cut where its query begins
            lines.append(before or word)
            self._partial = word if before else b""
        return [self._take(line) for line in lines]

    def end(self, text: str) -> None:
        """Ends a command with a line of ours."""
        if self._partial:
            self._take(self._partial)
            self._partial = b""
        self.line(text)

    def errors(self) -> tuple[str, ...]:
        """ffmpeg's own error lines of the last command, or its last lines where it marked none."""
        return (*self._first, *self._errors) or tuple(self._last)

    def text(self) -> str:
        """The whole log, at most 4 MiB of it, fit for PostgreSQL (no NUL)."""
        gap = f"\n… {self._dropped} bytes left out …\n".encode() if self._dropped else b""
        whole = bytes(self._head) + gap + b"".join(self._tail)
        return whole.decode(errors="replace").replace("\0", "\ufffd")

    def newest(self) -> str:
        """The newest lines, at most 64 KiB of them, or the very last one."""
        return b"".join(self._newest).decode().replace("\0", "\ufffd")

    def _take(self, raw: bytes) -> str:
        line = without(redact(raw.decode(errors="replace").replace("\0", "\ufffd")), self._secrets)
        if len(line) > LINE:
            line = f"{line[:LINE]}…"
        level = LEVEL.match(line)
        if level:
            line = level[1] + line[level.end() :]
            if line.startswith(ECHO):
                return line
        if (level and level[2] in SEVERE) or OF_LIBRARY.match(line):
            (self._first if len(self._first) < ERROR_LINES else self._errors).append(line[:ERROR_LINE])
        if line.strip():
            self._last.append(line[:ERROR_LINE])
        self.line(line)
        return line

    def _write(self, data: bytes) -> None:
        room = HALF - len(self._head)
        if room > 0 and not self._tail:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes > HALF:
            gone = len(self._tail.popleft())
            self._tail_bytes -= gone
            self._dropped += gone

    def _show(self, data: bytes) -> None:
        self._newest.append(data)
        self._newest_bytes += len(data)
        while self._newest_bytes > NEWEST and len(self._newest) > 1:
            self._newest_bytes -= len(self._newest.popleft())
