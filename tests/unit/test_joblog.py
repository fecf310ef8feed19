"""The log of an attempt: whole lines, levels taken off, errors remembered, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.worker.joblog import HALF, JobLog


def test_levels_are_taken_off_and_error_lines_are_remembered() -> None:
    log = JobLog()
    log.command(["-i", "a b.mp4", "out.mp4"])
    log.feed(b"[info] Input #0, mov\n[in#0 @ 0x55f] [error] Error opening input: No such file\n[fatal] gone\n")
    assert "\n".join(log.errors()) == "[in#0 @ 0x55f] Error opening input: No such file\ngone"
    assert log.text().splitlines() == [
        "$ ffmpeg -i 'a b.mp4' out.mp4",
        "Input #0, mov",
        "[in#0 @ 0x55f] Error opening input: No such file",
        "gone",
    ]


def test_without_marked_errors_the_last_lines_are_given() -> None:
    log = JobLog()
    log.command([])
    log.feed(b"one\n\n" + b"".join(b"line %d\n" % n for n in range(9)))
    assert list(log.errors()) == [f"line {n}" for n in range(4, 9)]


def test_errors_of_an_earlier_command_are_forgotten() -> None:
    log = JobLog()
    log.command(["first"])
    log.feed(b"[error] of the first\n")
    log.command(["second"])
    assert "\n".join(log.errors()) == ""


def test_a_last_line_without_its_end_is_kept() -> None:
    log = JobLog()
    log.feed(b"[error] cut o")
    log.end("exit code 1")
    assert log.text() == "cut o\nexit code 1\n"
    assert "\n".join(log.errors()) == "cut o"


@given(st.binary(max_size=400), st.integers(1, 50))
def test_how_chunks_are_cut_makes_no_difference(data: bytes, size: int) -> None:
    whole, cut = JobLog(), JobLog()
    whole.feed(data)
    for start in range(0, len(data), size):
        cut.feed(data[start : start + size])
    whole.end("")
    cut.end("")
    assert whole.text() == cut.text()
    assert "\0" not in cut.text()


@pytest.mark.parametrize("line", [b"x" * 1000 + b"\n", b"y" * 70_000 + b"\n"])
def test_a_long_log_keeps_its_head_and_its_tail(line: bytes) -> None:
    log = JobLog()
    log.feed(b"the beginning\n")
    for _ in range(3 * HALF // len(line)):
        log.feed(line)
    log.feed(b"the end\n")
    text = log.text()
    assert len(text) <= 2 * HALF + 100
    assert text.startswith("the beginning\n")
    assert text.endswith("the end\n")
    assert "bytes left out" in text


def test_a_line_without_end_does_not_grow_without_end() -> None:
    log = JobLog()
    for _ in range(8):
        log.feed(b"z" * (1 << 20))
    assert len(log.text()) <= 2 * HALF + 100


def test_the_echo_of_an_option_of_ours_is_left_out() -> None:
    log = JobLog()
    log.feed(b"[info] ffmpeg stats and -progress period set to 0.5.\n[info] Input #0\n")
    assert log.text() == "Input #0\n"
    assert "\n".join(log.errors()) == "Input #0"


SIGNED = "https://user:CANARY@x.org/a.mp4?X-Amz-Signature=CANARY&a=b"


def test_queries_and_passwords_of_urls_are_left_out_of_commands_lines_and_errors() -> None:
    log = JobLog()
    log.command(
        ["-i", "in.mp4", "-metadata", f"comment={SIGNED}", "-vf", r"movie=https\\://x.org/a?sig=CANARY", "out.mp4"]
    )
    log.feed(f"[info]     comment         : {SIGNED}\n[error] {SIGNED}: no such file\n".encode())
    log.end("exit code 1")
    assert "CANARY" not in log.text() + "".join(log.errors())
    assert "\n".join(log.errors()) == "https://…@x.org/a.mp4?… no such file"


def test_a_url_is_redacted_however_its_line_comes_in() -> None:
    text = f"[error] {SIGNED} gone\n".encode()
    for at in range(len(text)):
        log = JobLog()
        log.feed(text[:at])
        log.feed(text[at:])
        assert "CANARY" not in log.text() + "".join(log.errors())
        assert log.text().endswith("gone\n")


def test_a_url_is_redacted_where_a_line_without_end_is_cut() -> None:
    log = JobLog()
    log.feed(b"x" * (HALF - 20) + b" https://x.org/a?sig=")
    log.feed(b"CANARY 1")
    log.feed(b"\n")
    assert "CANARY" not in log.text()


@pytest.mark.parametrize(
    "option",
    ["-decryption_key", "-encryption_key", "-hls_enc_key", "-headers", "-cookies", "-passphrase", "-headers:v", "-key"],
)
def test_options_that_are_secrets_are_left_out_wherever_ffmpeg_repeats_them(option: str) -> None:
    log = JobLog()
    log.command([option, "CANARY0123456789", "-i", "a.mp4"])
    log.feed(b"[debug] Reading option with argument 'CANARY0123456789'.\n[error] bad CANARY0123456789\n")
    assert "CANARY" not in log.text() + "".join(log.errors())
    assert f"{option} … -i a.mp4" in log.text().replace("'", "")


def test_secrets_of_an_earlier_command_do_not_blank_a_later_one() -> None:
    log = JobLog()
    log.command(["-key", "CANARY0123456789"])
    log.command(["-i", "a.mp4"])
    log.feed(b"[info] CANARY0123456789\n")
    assert "CANARY0123456789" in log.text()


def test_no_part_of_a_secret_is_left_where_ffmpeg_takes_it_apart() -> None:
    log = JobLog()
    log.command(["-vf", "movie=https://user:CANARY1@x.org/a?expires=12:CANARY2,CANARY3&format=CANARY4==", "out.mp4"])
    log.feed(b"[error] No option name near '//user:CANARY1@x.org/a'\n[error] Option 'CANARY2' not found\n")
    log.feed(b"[error] No such filter: CANARY3.\n[info] format CANARY4 expires\n")
    assert "CANARY" not in log.text() + "".join(log.errors())
    assert "format … expires" in log.text()


def test_an_endless_line_drops_no_other_and_fills_no_memory() -> None:
    log = JobLog()
    log.feed(b"first\n" + b"[error] " + b"\xff" * (1 << 20) + b"\n" + b"[error] the reason\n")
    for _ in range(8):
        log.feed(b"x" * HALF + b"\n")
    log.end("end")
    assert log.text().startswith("first\n")
    assert log.text().endswith("end\n")
    assert "the reason" in log.text()
    assert len(log.errors()) < 10_000
