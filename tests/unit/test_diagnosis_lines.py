"""Which of FFmpeg's lines a diagnosis gets, and how it reads them."""

from ffmill.diagnosis.case import said
from ffmill.worker.joblog import ERROR_LINES, JobLog


def log_of(*lines: str) -> JobLog:
    log = JobLog()
    log.command(["-i", "in.mp4", "o.mp4"])
    log.feed("".join(f"{line}\n" for line in lines).encode())
    log.end("exit code 1")
    return log


def test_the_first_errors_are_kept_however_many_follow() -> None:
    errors = log_of(*(f"[error] {number}" for number in range(100))).errors()
    first = [str(number) for number in range(ERROR_LINES)]
    assert errors == (*first, *(str(number) for number in range(100 - ERROR_LINES, 100)))


def test_few_errors_are_kept_in_order() -> None:
    assert log_of("[error] a", "[info] b", "[fatal] c").errors() == ("a", "c")


def test_what_encoders_print_by_themselves_is_an_error() -> None:
    lines = ("x264 [error]: main profile doesn't support a bit depth of 10", "[error] Error setting profile main.")
    assert log_of("[info] begun", *lines).errors() == (lines[0], "Error setting profile main.")


def test_the_next_command_begins_anew() -> None:
    log = log_of("[error] of the first")
    log.command(["-i", "a", "b"])
    log.feed(b"[error] of the second\n")
    assert log.errors() == ("of the second",)


def test_a_line_tells_who_said_it() -> None:
    line = said("[vost#1:0/libx264 @ 0x55d] [enc:libx264 @ 0x55e] Error while opening encoder")
    assert (line.text, line.contexts) == ("Error while opening encoder", ("vost#1:0/libx264", "enc:libx264"))
    assert (line.speaker, line.number("vost"), line.number("in"), line.filter) == ("libx264", 1, None, None)


def test_a_filter_says_its_name() -> None:
    line = said("[Parsed_scale_0 @ 0x55] [Eval @ 0x7ff] Undefined constant or missing '(' in 'abc'")
    assert (line.filter, line.speaker, line.contexts) == ("scale", "scale", ("Parsed_scale_0",))
    assert line.text == "Undefined constant or missing '(' in 'abc'"


def test_a_line_without_a_context_is_all_text() -> None:
    assert said("Unrecognized option 'cfr'.").text == "Unrecognized option 'cfr'."
    assert said("").text == ""
