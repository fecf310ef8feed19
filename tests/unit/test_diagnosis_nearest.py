"""The names nearest to a misspelled one."""

import pytest

from ffmill.diagnosis.nearest import LONGEST, Nearest, nearest

KNOWN = ("vcodec", "acodec", "crf", "cqp", "preset", "filter_complex", "loudnorm", "dynaudnorm", "mp3", "mp4", "md5")


@pytest.mark.parametrize(
    ("name", "sure"),
    [
        ("vcodc", "vcodec"),  # left out
        ("vcoddec", "vcodec"),  # too much
        ("cfr", "crf"),  # swapped
        ("filter_complx", "filter_complex"),
        ("loudnrom", "loudnorm"),
        ("PRESET", "preset"),
        ("mp5", None),  # as near to mp3 as to mp4
        ("cr", "crf"),
        ("c", None),  # too short to be told
        ("qwertz", None),
    ],
)
def test_what_a_name_surely_meant(name: str, sure: str | None) -> None:
    assert nearest(name, KNOWN).sure == sure


def test_the_nearest_are_offered_where_none_is_sure() -> None:
    assert nearest("mp5", KNOWN).names == ("md5", "mp3", "mp4")
    assert nearest("mp5", KNOWN).hint() == "the nearest are md5, mp3, mp4"
    assert nearest("mp5", KNOWN).hint("-") == "the nearest are -md5, -mp3, -mp4"


def test_a_common_name_is_likelier() -> None:
    assert nearest("mp5", KNOWN, common={"mp4"}).sure == "mp4"


def test_how_much_may_differ_can_be_told() -> None:
    assert nearest("fastest", ("faster",), sure=1) == Nearest(names=("faster",))


def test_one_that_is_sure_is_told_as_advice() -> None:
    assert nearest("cfr", KNOWN).hint("-") == "write -crf"
    assert nearest("qwertz", KNOWN).hint() == ""


def test_a_long_name_is_compared_with_nothing() -> None:
    def never() -> str:
        raise AssertionError("compared")

    assert nearest("a" * (LONGEST + 1), (never() for _ in range(1))) == Nearest()
