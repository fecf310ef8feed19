"""The log of an attempt, where a command may write what it likes."""

from unittest.mock import patch

from hypothesis import strategies as st

from ffmill.worker import joblog
from ffmill.worker.joblog import ERROR_LINES, JobLog
from tests.fuzz.pieces import TEXTS
from tests.fuzz.target import target

PIECES = st.one_of(
    st.sampled_from(
        [b"[error] ", b"[info] ", b"[in#0 @ 0x55f] ", b"[ @ 0x", b"] ", b"[", b"\r", b"\n", b"\r\n", b"\0"]
    ),
    st.sampled_from([joblog.ECHO.encode(), b"x" * 50, b"\xff" * 20, "é🎬".encode(), b"\xf0\x9f", b"\xed\xa0\x80"]),
    st.binary(max_size=8),
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)
GAP_BYTES = 100  # of the note on what was left out, and of characters that were cut in two


@target(stream=STREAMS, size=st.integers(1, 60))
def test_how_a_log_is_cut_into_chunks_makes_no_difference(stream: bytes, size: int) -> None:
    whole, cut = JobLog(), JobLog()
    lines = whole.feed(stream)
    assert [line for at in range(0, len(stream), size) for line in cut.feed(stream[at : at + size])] == lines
    for log in (whole, cut):
        log.end("exit code 0")
    assert (whole.text(), whole.errors()) == (cut.text(), cut.errors())


@target(streams=st.lists(STREAMS, max_size=5), argv=st.lists(TEXTS, max_size=4), half=st.integers(8, 200))
def test_a_log_is_bounded_and_can_be_stored(streams: list[bytes], argv: list[str], half: int) -> None:
    with patch.object(joblog, "HALF", half):
        log = JobLog()
        log.command(argv)
        for stream in streams:
            log.feed(stream)
        log.end("exit code 1")
        text = log.text()
    assert "\0" not in text + "".join(log.errors())
    assert len(text.encode()) <= 2 * half + GAP_BYTES
    assert len(log.errors()) <= ERROR_LINES
    assert text.startswith("$ ffmpeg"[:half])
