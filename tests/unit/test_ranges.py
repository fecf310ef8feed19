"""Ranges and conditional requests."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.api.ranges import Unsatisfiable, unchanged, validators, wanted
from ffmill.store.objects import Stat

MODIFIED = datetime(2026, 1, 31, 12, 0, 0, 999_000, tzinfo=UTC)
DATE = "Sat, 31 Jan 2026 12:00:00 GMT"
LATER = "Sat, 31 Jan 2026 12:00:01 GMT"
EARLIER = "Sat, 31 Jan 2026 11:59:59 GMT"


def stat(size: int = 10) -> Stat:
    return Stat(bytes=size, modified=MODIFIED, etag="abc-1")


@pytest.mark.parametrize(
    ("header", "bounds"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=2-5", (2, 6)),
        ("bytes=2-", (2, 10)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("Bytes=1-2", (1, 3)),
        (" bytes=1-2 ", (1, 3)),
    ],
)
def test_one_range_is_given(header: str, bounds: tuple[int, int]) -> None:
    assert wanted({"range": header}, stat()) == bounds


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=1 - 2",
        "bytes=--1",
        "bytes=0x1-2",
        "bytes=\u0661-\u0662",
        "items=0-1",
        "bytes=0-1;q=1",
        f"bytes={'9' * 30}-",
    ],
)
def test_what_is_no_single_range_gives_the_whole_file(header: str) -> None:
    assert wanted({"range": header}, stat()) is None
    assert wanted({}, stat()) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted({"range": header}, stat())


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"])
def test_an_empty_file_is_given_whole(header: str) -> None:
    assert wanted({"range": header}, stat(0)) is None


@given(st.text(), st.integers(0, 100))
def test_any_header_gives_bounds_within_the_file_or_none(text: str, size: int) -> None:
    for header in (text, f"bytes={text}", f"bytes={text}-{text}"):
        try:
            bounds = wanted({"range": header, "if-range": text}, stat(size))
        except Unsatisfiable:
            continue
        assert bounds is None or 0 <= bounds[0] < bounds[1] <= size


@pytest.mark.parametrize(
    "header", ["bytes=" + "0-0," * 2_000_000, "bytes=" + "0" * 10_000_000 + "-", "bytes=" + "-" * 10_000_000]
)
def test_a_hostile_range_costs_nothing(header: str) -> None:
    """Quadratic work on these would take hours (CVE-2025-62727)."""
    assert wanted({"range": header}, stat()) is None


@pytest.mark.parametrize(
    ("condition", "in_force"),
    [
        ('"abc-1"', True),
        ('W/"abc-1"', False),
        ('"other"', False),
        (DATE, True),
        (LATER, False),
        (EARLIER, False),
        ("rubbish", False),
        ("", False),
    ],
)
def test_a_range_counts_only_for_the_file_that_the_client_knows(condition: str, in_force: bool) -> None:
    assert (wanted({"range": "bytes=1-2", "if-range": condition}, stat()) is not None) is in_force


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"if-none-match": '"abc-1"'}, True),
        ({"if-none-match": 'W/"abc-1"'}, True),
        ({"if-none-match": '"x", "abc-1"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"'}, False),
        ({"if-none-match": ""}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": LATER}, True),
        ({"if-modified-since": EARLIER}, False),
        ({"if-modified-since": "rubbish"}, False),
        ({"if-modified-since": "Sat, 31 Jan 99999999 12:00:00 GMT"}, False),
        ({"if-none-match": '"x"', "if-modified-since": LATER}, False),
    ],
)
def test_a_file_that_the_client_has_is_not_sent_again(headers: dict[str, str], expected: bool) -> None:
    assert unchanged(headers, stat()) is expected


def test_the_validators_are_what_clients_send_back() -> None:
    given = validators(stat())
    assert given == {"ETag": '"abc-1"', "Last-Modified": DATE}
    assert unchanged({"if-none-match": given["ETag"]}, stat())
    assert unchanged({"if-modified-since": given["Last-Modified"]}, stat())
