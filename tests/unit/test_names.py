"""File names of a job: which are allowed, aliases, patterns."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.errors import BadRequest
from ffmill.jobs import names

GOOD_NAMES = [
    "a",
    "video.mp4",
    "my file.mp4",
    "it's 100%.mp4",
    "a:b,c[d].mp4",
    "日本語.mkv",
    "x" * 255,
    "ü" * 127,
    "_",
    "~",
]
BAD_NAMES = {
    "": "it is empty",
    "a/b": 'it holds a "/"',
    "/": 'it holds a "/"',
    "a\nb": "control character",
    "a\0": "control character",
    "a\x7f": "control character",
    "a\x9b": "control character",
    "a\uffff": "no character",
    "a\ud800": "surrogate",
    ".": "begins with a dot",
    "..": "begins with a dot",
    ".env": "begins with a dot",
    "-y": "begins with a dash",
    "inputs": "own directory",
    "outputs": "own directory",
    "x" * 256: "longer than 255 bytes",
    "ü" * 128: "longer than 255 bytes",
}


def _is_allowed(name: str) -> bool:
    try:
        names.check_input_name(name)
    except BadRequest:
        return False
    return True


NAMES = st.text(min_size=1, max_size=60).filter(_is_allowed)


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_name_that_is_one_path_segment_is_allowed(name: str) -> None:
    names.check([name], [name])


@pytest.mark.parametrize(("name", "why"), BAD_NAMES.items())
def test_an_unsafe_name_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(why)) as caught:
        names.check_input_name(name)
    assert caught.value.message.startswith("input_files: ")
    caught.value.message.encode()
    with pytest.raises(BadRequest, match=r"^output_files: "):
        names.check_output_name(name)


def test_an_output_listed_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match=r'output_files lists "a.mp4" twice'):
        names.check([], ["a.mp4", "b.mp4", "a.mp4"])


@given(st.text())
def test_checking_a_name_raises_only_bad_requests_that_can_be_sent(name: str) -> None:
    try:
        names.check_output_name(name)
    except BadRequest as refusal:
        refusal.message.encode()


def test_a_plain_name_is_its_own_alias_and_an_odd_one_keeps_its_suffix() -> None:
    assert names.aliases(["in.mp4", "my file.MOV", "it's", "a.b c", "x%03d.png", "input-2.MOV"]) == {
        "in.mp4": "in.mp4",
        "my file.MOV": "input-2_.MOV",
        "it's": "input-3",
        "a.b c": "input-4",
        "x%03d.png": "input-5.png",
        "input-2.MOV": "input-2.MOV",
    }


def test_an_alias_is_never_longer_than_a_name_can_be() -> None:
    inputs = ["my file.mp4", *("input-1" + "_" * count + ".mp4" for count in range(245))]
    assert names.aliases(inputs)["my file.mp4"] == "input-1_2.mp4"


@given(st.lists(NAMES, unique=True, max_size=20))
def test_every_alias_is_plain_and_its_own(inputs: list[str]) -> None:
    aliases = names.aliases(inputs)
    assert len(set(aliases.values())) == len(inputs)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", alias) for alias in aliases.values())
    assert aliases == names.aliases(inputs)
    assert all(alias == name or alias not in aliases for name, alias in aliases.items())


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("frame_%03d.png", "frame_001.png"),
        ("frame_%03d.png", "frame_1234.png"),
        ("frame_%d.png", "frame_7.png"),
        ("frame_%03d.png", "frame_%03d.png"),
        ("seg_*.ts", "seg_.ts"),
        ("seg_*.ts", "seg_a_b.ts"),
        ("*", "a"),
        ("?.txt", "é.txt"),
        ("[a-c]x", "bx"),
        ("[!a-c]x", "dx"),
        ("[]]x", "]x"),
        ("out[1].mp4", "out[1].mp4"),
        ("100%%.mp4", "100%.mp4"),
        ("100%.mp4", "100%.mp4"),
        ("cap_%Y-%m-%d_%H%M%S.jpg", "cap_2026-01-31_235959.jpg"),
        ("stream_%v.m3u8", "stream_720p.m3u8"),
        ("%v_%03d.ts", "low_000.ts"),
        ("seg_%Y_%%04d.ts", "seg_2026_0001.ts"),
        ("chunk-$RepresentationID$-$Number%05d$.m4s", "chunk-0-00001.m4s"),
        ("init-$RepresentationID$.$ext$", "init-1.mp4"),
        ("a*b*c", "abbcbc"),
        ("%da%db%d", "1a22b3"),
        ("a[b", "a[b"),
        ("%d%d.png", "12.png"),
    ],
)
def test_a_pattern_stands_for_the_files_it_would_write(pattern: str, name: str) -> None:
    assert names.matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("frame_%03d.png", "frame_01.png"),
        ("frame_%03d.png", "frame_abc.png"),
        ("frame_%d.png", "frame_1_mask.png"),
        ("frame_%d.png", "frame_.png"),
        ("frame_%d.png", "frame_1.png.tmp"),
        ("seg_*.ts", "seg_1.mp4"),
        ("*", ".hidden"),
        ("?", "ab"),
        ("[a-c]x", "dx"),
        ("[c-a]x", "bx"),
        ("A*", "a1"),
        ("a.mp4", "aXmp4"),
        ("100%.mp4", "1001.mp4"),
    ],
)
def test_a_pattern_stands_for_nothing_else(pattern: str, name: str) -> None:
    assert not names.matches(pattern, name)


def test_only_what_can_vary_is_a_pattern() -> None:
    assert all(map(names.is_pattern, ["%d", "a%03d.png", "*.ts", "a?b", "[ab]", "%Y", "%v", "$Number$", "x%%"]))
    assert not any(map(names.is_pattern, ["a.mp4", "100%.mp4", "50% off", "a[b", "a]b", "$5", "cost$.txt"]))


@given(st.text(max_size=40), st.text(max_size=40))
def test_matching_never_raises_and_every_entry_matches_itself(pattern: str, name: str) -> None:
    names.matches(pattern, name)
    assert names.matches(pattern, pattern)


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_globs_match_as_fnmatch_says(pattern: str, name: str) -> None:
    assert names.matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@given(st.from_regex(r"[a-z_]{0,5}", fullmatch=True), st.integers(0, 9), st.integers(0, 10**7))
def test_what_ffmpeg_numbers_is_matched(stem: str, width: int, number: int) -> None:
    """ffmpeg fills with zeros, whether the width says so or not (av_get_frame_filename)."""
    for spelled in (f"%{width}d", f"%0{width}d"):
        assert names.matches(f"{stem}{spelled}.png", f"{stem}{number:0{width}}.png")


def test_a_hostile_pattern_is_matched_at_once() -> None:
    assert not names.matches("*a" * 100 + "b", "a" * 255)
    assert not names.matches("%d%Y" * 50 + "x", "1" * 255)
    assert names.matches("%d1" * 20, "1" * 200)


@given(pattern=st.text("ab%*?[]!-d03$Nsx", max_size=12), name=st.text("ab%*?[]03x", max_size=12))
def test_whatever_matches_has_the_literal_ends(pattern: str, name: str) -> None:
    head, tail = names.literal_ends(pattern)
    if names.matches(pattern, name):
        assert name == pattern or (name.startswith(head) and name.endswith(tail))
