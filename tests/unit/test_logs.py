"""The form of log lines."""

import json
import logging
from collections.abc import Generator
from typing import Any, Literal

import pytest
import structlog

from ffmill import logs
from ffmill.config import Settings


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    """Gives the process the logging back that it had."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def configure(form: Literal["console", "json"], **bound: str) -> None:
    logs.configure(Settings(log_format=form), **bound)


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return json.loads(captured.err)


def test_a_json_line_holds_what_was_said_and_what_is_bound(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", process="worker-cpu")
    with structlog.contextvars.bound_contextvars(job="j1"):
        structlog.stdlib.get_logger().info("job ended", status="succeeded")
    said = line(capsys)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "job ended", "level": "info", "process": "worker-cpu", "job": "j1", "status": "succeeded"}


def test_a_librarys_line_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", process="api")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("some.library").warning("%s is late", "it")
    said = line(capsys)
    assert (said["event"], said["level"], said["process"], said["request_id"]) == ("it is late", "warning", "api", "r1")


def fail() -> None:
    _password = "hunter2"
    try:
        int("broken")
    except ValueError:
        structlog.stdlib.get_logger().exception("a request failed")


def test_an_exception_is_kept_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    fail()
    assert "broken" in line(capsys)["exception"][0]["exc_value"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_shows_no_values_of_variables(
    capsys: pytest.CaptureFixture[str], form: Literal["console", "json"]
) -> None:
    configure(form)
    fail()
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "hunter2" not in said.replace('_password = "hunter2"', "")


def test_lines_below_the_least_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console")
    structlog.stdlib.get_logger().debug("too much")
    logging.getLogger("some.library").debug("too much")
    logging.getLogger("procrastinate.worker").info("too much")
    assert capsys.readouterr().err == ""


def test_a_console_line_has_no_colours_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console", process="serve")
    structlog.stdlib.get_logger().error("a process died", child="api")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "a process died" in said
    assert "child=api" in said


URL = "https://user:CANARY@x.org/a?sig=CANARY"
KEY = f"ffm_abcdefgh{'CANARY' * 6}"


def throw(exception: Exception) -> None:
    raise exception


class Odd:
    """What a logger would write by its repr()."""

    def __repr__(self) -> str:
        return f"Odd({URL})"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_holds_no_secret_wherever_it_stands(
    capsys: pytest.CaptureFixture[str], form: Literal["console", "json"]
) -> None:
    configure(form, process=URL)
    log = structlog.stdlib.get_logger()
    log.info(URL, key=KEY, nested={URL: [URL, (KEY, {"a": URL})]}, odd=Odd(), raw=URL.encode())
    logging.getLogger("some.library").warning("to %s by %s", URL, KEY)
    for exception in (ValueError(URL), ExceptionGroup(KEY, [ValueError(URL)])):
        try:
            throw(exception)
        except Exception:
            log.exception("failed", url=URL)
            logging.getLogger("some.library").exception("failed")
    said = capsys.readouterr().err
    assert "CANARY" not in said.replace('"CANARY"', "")
    assert said.count("https://…@x.org/a?…") >= 8 or said.count("https://\\u2026@x.org/a?\\u2026") >= 8
    assert "ffm_abcdefgh" in said


def test_what_is_no_text_stays_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.stdlib.get_logger().info("told", count=3, share=0.5, none=None, yes=True, names=["a", "b"])
    said = line(capsys)
    assert [said[name] for name in ("count", "share", "none", "yes", "names")] == [3, 0.5, None, True, ["a", "b"]]
