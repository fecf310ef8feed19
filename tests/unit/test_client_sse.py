"""Server-sent events are read as the specification has it, however they are cut."""

import pytest

from ffmill.client.errors import UnexpectedAnswer
from ffmill.client.sse import MOST_BYTES, Message, Parser

CASES: dict[str, tuple[bytes, list[Message]]] = {
    "one": (b"id: 1\nevent: log\ndata: x\n\n", [Message(event="log", data="x", id="1")]),
    "no event named": (b"data: x\n\n", [Message(data="x")]),
    "several lines": (b"data: a\ndata: b\n\n", [Message(data="a\nb")]),
    "no blank after the colon": (b"data:x\n\n", [Message(data="x")]),
    "only one blank is taken": (b"data:  x\n\n", [Message(data=" x")]),
    "no colon": (b"data\n\n", [Message(data="")]),
    "comments": (b": beat\n\ndata: x\n: beat\n\n", [Message(data="x")]),
    "unknown fields": (b"retry: 5\nfoo: bar\ndata: x\n\n", [Message(data="x")]),
    "an id stays": (b"id: 7\ndata: a\n\ndata: b\n\n", [Message(data="a", id="7"), Message(data="b", id="7")]),
    "an id with NUL is none": (b"id: 7\nid: \0\ndata: a\n\n", [Message(data="a", id="7")]),
    "nothing to tell": (b"event: log\n\ndata: x\n\n", [Message(data="x")]),
    "carriage returns": (b"data: a\r\rdata: b\r\n\r\n", [Message(data="a"), Message(data="b")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: x\n\n", [Message(data="x")]),
    "no UTF-8": (b"data: \xff\n\n", [Message(data="\ufffd")]),
    "not whole": (b"data: x\n", []),
}


@pytest.mark.parametrize("name", CASES)
def test_events_are_read_however_their_bytes_come(name: str) -> None:
    text, expected = CASES[name]
    for size in (1, 2, 3, len(text)):
        parser = Parser()
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        assert [message for chunk in chunks for message in parser.feed(chunk)] == expected, size


def test_an_event_without_end_is_refused() -> None:
    parser = Parser()
    for _ in range(MOST_BYTES >> 20):
        assert list(parser.feed(b"x" * (1 << 20))) == []
    with pytest.raises(UnexpectedAnswer, match="longer than"):
        list(parser.feed(b"x"))
