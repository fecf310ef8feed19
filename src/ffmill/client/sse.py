"""Server-sent events out of a stream of bytes (WHATWG HTML, section 9.2.6, "Interpreting an event stream")."""

from collections.abc import Iterator
from dataclasses import dataclass

from ffmill.client.errors import UnexpectedAnswer

MOST_BYTES = 32 << 20  # of one event: a job with ten thousand outputs is some megabytes
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One event, as it came."""

    event: str = "message"
    data: str = ""
    id: str = ""  # the last id of the stream so far


class Parser:
    """Takes bytes as they come, gives the events that are whole."""

    def __init__(self, last_event_id: str = "") -> None:
        self._rest: bytes = b""
        self._size = 0  # of the event that is not whole yet
        self._began = False
        self._after_cr = False  # a LF that follows belongs to it
        self._data: list[str] = []
        self._event = ""
        self._id = self._last_event_id = last_event_id  # of the event that is not whole yet, of the last that was
        self._heard = False

    @property
    def last_event_id(self) -> str:
        """From which the stream can be taken up again."""
        return self._last_event_id

    @property
    def heard(self) -> bool:
        """Whether an event or a comment has come: what tells a stream that lives from one that only began."""
        return self._heard

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The events that this chunk completes; raises UnexpectedAnswer for one without an end."""
        self._size += len(chunk)
        if self._size > MOST_BYTES:
            raise UnexpectedAnswer(f"an event is longer than {MOST_BYTES} bytes")
        for line in self._lines(chunk):
            if line:
                self._take(line)
            elif message := self._dispatch():
                yield message

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Whole lines, which end by CR, LF or both; one that ends by CR does not wait for what follows."""
        text = self._rest + (chunk.removeprefix(b"\n") if self._after_cr else chunk)
        self._after_cr = chunk.endswith(b"\r") if chunk else self._after_cr
        if not self._began:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._rest = text
                return []
            text, self._began = text.removeprefix(_BOM), True
        *lines, self._rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return lines

    def _take(self, line: bytes) -> None:
        name, _, value = line.decode(errors="replace").partition(":")
        self._heard = self._heard or name in ("", "data")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _dispatch(self) -> Message | None:
        data, event = self._data, self._event
        self._data, self._event, self._size = [], "", len(self._rest)
        self._last_event_id = self._id
        return Message(event=event or "message", data="\n".join(data), id=self._id) if data else None
