"""The shape of a create: strict types, loose clients, and messages that say where and what."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffmill.api.schemas import COMMAND_BYTES, MOST_FIELDS, submission
from ffmill.errors import ValidationError
from ffmill.jobs.model import Submission

URL = "https://example.org/video.mp4"
LEAST: dict[str, Any] = {"output_files": ["o.mp4"], "ffmpeg_commands": ["-i x {{o.mp4}}"]}


def asked(**fields: Any) -> Submission:
    """The submission of the least body with `fields` put in."""
    return submission(LEAST | fields, max_timeout_seconds=3600)


def refused(**fields: Any) -> str:
    """The message with which the least body with `fields` put in is refused."""
    with pytest.raises(ValidationError) as caught:
        asked(**fields)
    return caught.value.message


def test_the_least_body_is_taken_with_its_defaults() -> None:
    assert asked() == Submission(
        input_files={}, output_files=("o.mp4",), ffmpeg_commands=("-i x {{o.mp4}}",), machine="cpu"
    )


def test_a_full_body_is_taken_as_it_is() -> None:
    full = asked(
        input_files={"b.mp4": URL, "a.mp4": "HTTP://user:pw@10.0.0.1:8080/x?y=z#f"},
        webhook_url="http://[2001:db8::1]/hook?token=1",
        machine="nvidia",
        timeout_seconds=3600,
    )
    assert list(full.input_files) == ["b.mp4", "a.mp4"]
    assert (full.machine, full.timeout_seconds, full.warnings) == ("nvidia", 3600, ())


def test_one_command_alone_is_taken() -> None:
    body = {"output_files": ["o"], "ffmpeg_command": "-i x {{o}}"}
    assert submission(body, max_timeout_seconds=1).ffmpeg_commands == ("-i x {{o}}",)


@pytest.mark.parametrize("nothing", [[], {}, None])
def test_an_empty_list_and_null_are_no_inputs(nothing: object) -> None:
    assert asked(input_files=nothing).input_files == {}


def test_null_is_a_field_left_out() -> None:
    assert asked(webhook_url=None, machine=None, timeout_seconds=None, ffmpeg_command=None) == asked()


def test_unknown_fields_are_ignored_and_named() -> None:
    assert asked(colour="red", preset=3).warnings == (
        'the field "colour" is not known and was ignored',
        'the field "preset" is not known and was ignored',
    )


def test_unknown_fields_are_not_ignored_without_end() -> None:
    some = {f"unknown-{number}": 1 for number in range(MOST_FIELDS - len(LEAST))}
    last = asked(**some).warnings[-1]
    assert last.startswith(f'{len(some) - 20} more unknown fields were ignored: "unknown-20", "unknown-21", ')
    assert len(last) < 5000
    assert refused(**some, more=1) == "a job has at most 10,000 fields, unknown ones included, not 10,001"


def test_hostile_unknown_fields_make_warnings_that_can_be_stored() -> None:
    warnings = asked(**{"nul\x00": 1, "\ud800": 2, "x" * 100_000: 3}).warnings
    text = json.dumps(warnings, ensure_ascii=False)
    assert "\x00" not in text
    assert text.encode()
    assert len(text) < 500


def test_a_flood_of_unknown_fields_is_counted() -> None:
    warnings = asked(**{f"field{number}": 0 for number in range(22)}).warnings
    assert len(warnings) == 21
    assert warnings[-1] == '2 more unknown fields were ignored: "field20", "field21"'


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timeout_seconds": "1"}, 'timeout_seconds: must be a valid integer, not "1"'),
        ({"timeout_seconds": True}, "timeout_seconds: must be a valid integer, not true"),
        ({"timeout_seconds": 1.0}, "timeout_seconds: must be a valid integer, not 1.0"),
        ({"timeout_seconds": 0}, "timeout_seconds: must be greater than or equal to 1, not 0"),
        ({"timeout_seconds": 3601}, "timeout_seconds: must be at most 3600"),
        ({"timeout_seconds": 10**400}, "timeout_seconds: must be at most 3600"),
        ({"machine": 1}, "machine: must be a valid string, not 1"),
        ({"priority": 11}, "priority: must be less than or equal to 10, not 11"),
        ({"priority": "1"}, 'priority: must be a valid integer, not "1"'),
        ({"metadata": {"a": 1}}, 'metadata["a"]: must be a valid string, not 1'),
        ({"metadata": {"a": "\x00"}}, 'metadata["a"]: must hold no NUL'),
        ({"metadata": {"": "1"}}, 'metadata: a name has 1 to 100 characters and a value at most 1000; "" does not'),
        ({"metadata": {"a": "b" * 1001}}, "metadata: a name has 1 to 100 characters and a value at most 1000"),
        ({"metadata": {str(n): "x" for n in range(51)}}, "metadata: Dictionary should have at most 50 items"),
        ({"output_files": []}, "output_files: List should have at least 1 item"),
        ({"output_files": None}, "output_files: must be a valid list, not null"),
        ({"output_files": "o.mp4"}, 'output_files: must be a valid list, not "o.mp4"'),
        ({"output_files": ["o.mp4", 1]}, "output_files[1]: must be a valid string, not 1"),
        ({"output_files": ["o.mp4", "o.mp4"]}, "output_files: each name must be listed once"),
        (
            {"output_files": [str(number) for number in range(1001)]},
            "output_files: List should have at most 1000 items",
        ),
        ({"output_files": ["a\x00"]}, 'output_files[0]: must hold no NUL and no lone surrogate, not "a\\u0000"'),
        ({"ffmpeg_commands": []}, "ffmpeg_commands: List should have at least 1 item"),
        ({"ffmpeg_commands": ["x"] * 101}, "ffmpeg_commands: List should have at most 100 items"),
        ({"ffmpeg_commands": "-i x"}, "ffmpeg_commands: must be a valid list"),
        ({"ffmpeg_commands": ["\ud800"]}, "ffmpeg_commands[0]: must hold no NUL and no lone surrogate"),
        ({"ffmpeg_commands": ["é" * (COMMAND_BYTES // 2 + 1)]}, "ffmpeg_commands[0]: must be at most 256 KiB long"),
        ({"ffmpeg_command": "-i x"}, 'give exactly one of "ffmpeg_commands" (a list) and "ffmpeg_command"'),
        ({"ffmpeg_commands": None}, 'give exactly one of "ffmpeg_commands" (a list) and "ffmpeg_command"'),
        ({"input_files": [URL]}, "input_files: must be a valid dictionary, not a list"),
        ({"input_files": {"a": 1}}, 'input_files["a"]: must be a valid string, not 1'),
        ({"input_files": {"a": {"url": URL}}}, 'input_files["a"]: must be a valid string, not an object'),
        ({"input_files": {"\x00": URL}}, r'input_files["\u0000"]: must hold no NUL'),
        ({"input_files": {str(n): URL for n in range(1001)}}, "input_files: Dictionary should have at most 1000 items"),
        ({"webhook_url": ""}, "webhook_url: must be an absolute http or https URL"),
        ({"webhook_url": ["u"]}, "webhook_url: must be a valid string, not a list"),
    ],
)
def test_a_wrong_shape_is_refused_with_place_and_reason(fields: dict[str, Any], message: str) -> None:
    assert refused(**fields).startswith(message)


@pytest.mark.parametrize("field", ["input_files", "metadata"])
def test_what_has_too_many_entries_is_refused_before_any_is_looked_at(field: str) -> None:
    message = refused(**{field: {str(number): number for number in range(1001)}})
    assert re.fullmatch(rf"{field}: Dictionary should have at most \d+ items after validation, not 1001", message)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ValidationError, match="output_files: is required"):
        submission({"ffmpeg_command": "x"}, max_timeout_seconds=1)


def test_every_problem_is_told_but_not_without_end() -> None:
    message = refused(timeout_seconds="1", input_files={str(number): 1 for number in range(100)})
    assert message.count(";") == 10
    assert message.endswith("; and 91 more")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("video.mp4", "absolute http or https URL"),
        ("/etc/passwd", "absolute http or https URL"),
        ("//example.org/x", "absolute http or https URL"),
        ("file:///etc/passwd", "absolute http or https URL"),
        ("ftp://example.org/x", "absolute http or https URL"),
        ("concat:http://a/b", "absolute http or https URL"),
        ("data:video/mp4;base64,AAAA", "absolute http or https URL"),
        ("http://", "absolute http or https URL"),
        ("http:///x", "absolute http or https URL"),
        ("https://:443/x", "absolute http or https URL"),
        ("s3://bucket/key", "s3 URLs are not read yet"),
        ("http://example.org:99999/", "must be a valid URL"),
        ("http://example.org:x/", "must be a valid URL"),
        ("http://[::1/x", "must be a valid URL"),
        ("http://exa\nmple.org/", "control characters"),
        ("http://example.org/\x7f", "control characters"),
        (" http://example.org/", "white space"),
        ("http://example.org/ ", "white space"),
        ("http://example.org/\u2028", "white space"),
        ("http://example.org/" + "x" * 20_000, "at most 16384 characters"),
        ("http://example.org/\ud800", "lone surrogate"),
    ],
)
def test_what_is_no_web_url_is_refused(url: str, reason: str) -> None:
    message = refused(input_files={"a": url})
    assert message.startswith('input_files["a"]: ')
    assert reason in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [*LEAST, "input_files", "ffmpeg_command", "webhook_url", "machine", "timeout_seconds", "anything"]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS, JSON))
def test_any_object_is_taken_or_refused(body: dict[str, Any]) -> None:
    with suppress(ValidationError):
        assert submission(body, max_timeout_seconds=3600).ffmpeg_commands
