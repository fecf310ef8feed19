"""Headers that ask for a part of a file, or whether it has changed."""

import re
from datetime import UTC, datetime

from hypothesis import strategies as st

from ffmill.api.ranges import Unsatisfiable, unchanged, wanted
from ffmill.jobs.options import set_of
from ffmill.store.objects import Stat
from tests.fuzz.target import target

NUMBERS = st.one_of(
    st.integers(0, 30).map(str), st.sampled_from(["", "-", "00", "9" * 18, "9" * 19, "0" * 5000, "٣", "1 "])
)
RANGES = st.one_of(
    st.builds("bytes={}-{}".format, st.integers(0, 30).map(str), NUMBERS),
    st.builds(
        "{}{}-{}{}".format, st.sampled_from(["bytes=", "Bytes=", "bytes =", " bytes=", "items=", ""]), *[NUMBERS] * 3
    ),
    st.lists(st.builds("{}-{}".format, NUMBERS, NUMBERS), max_size=30).map(lambda parts: "bytes=" + ",".join(parts)),
    st.text(st.characters(), max_size=20),
)
_WORDS = set_of(
    "Sat, Sat 31 Jan Feb June, 2026 12:00:00 12:00 12.00.00 GMT +0000 -0000 -9999 +99999999999 , : - / 0 99 1e9"
)
PARTS = st.sampled_from([*sorted(_WORDS), "9" * 8, "9" * 5000, "\ud800", "\0", "(", ")", '"', "٣"])
DATES = st.one_of(
    st.lists(PARTS, max_size=9).map(" ".join),
    st.lists(PARTS, max_size=9).map("".join),
    st.builds("Sat, {} Jan {} {}:{}:00 {}".format, *[NUMBERS] * 4, st.sampled_from(["GMT", "+2400", "-2359", "", "x"])),
    st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)
TAGS = st.lists(st.sampled_from(['"abc-1"', 'W/"abc-1"', '"', "W/", "*", ",", " ", "abc-1"]), max_size=6).map("".join)
STATS = st.builds(
    Stat,
    bytes=st.integers(0, 40),
    modified=st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # as it wants it
    etag=st.just("abc-1"),
)


@target(examples=150, text=RANGES, condition=st.one_of(st.none(), DATES, TAGS), stat=STATS)
def test_a_range_lies_within_the_file(text: str, condition: str | None, stat: Stat) -> None:
    headers = {"range": text} if condition is None else {"range": text, "if-range": condition}
    try:
        bounds = wanted(headers, stat)
    except Unsatisfiable:
        bounds = (-1, -1)
    assert bounds in (None, (-1, -1)) or (bounds is not None and 0 <= bounds[0] < bounds[1] <= stat.bytes)
    if condition is None and (one := re.fullmatch(r"bytes=(\d{1,9})-(\d{0,9})", text, re.ASCII)) and stat.bytes:
        assert bounds == simply(int(one[1]), int(one[2]) if one[2] else None, stat.bytes)


@target(examples=150, tags=st.one_of(st.none(), TAGS), date=DATES, stat=STATS)
def test_any_condition_is_answered(tags: str | None, date: str, stat: Stat) -> None:
    headers = {"if-modified-since": date} if tags is None else {"if-modified-since": date, "if-none-match": tags}
    assert isinstance(unchanged(headers, stat), bool)


def simply(first: int, last: int | None, size: int) -> tuple[int, int] | None:
    """What RFC 9110, section 14.1.2 says of one range; (-1, -1) where it cannot be satisfied."""
    if last is not None and last < first:
        return None
    places = [place for place in range(size) if first <= place and (last is None or place <= last)]
    return (places[0], places[-1] + 1) if places else (-1, -1)
