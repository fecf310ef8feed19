"""Types and names that downloads carry."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.store.media_types import OTHER, disposition, known_type, media_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("A.MP4", "video/mp4"),
        ("stream.m3u8", "application/vnd.apple.mpegurl"),
        ("seg.ts", "video/mp2t"),
        ("seg.m4s", "video/iso.segment"),
        ("manifest.mpd", "application/dash+xml"),
        ("subs.vtt", "text/vtt; charset=utf-8"),
        ("subs.srt", "application/x-subrip"),
        ("data.json", "application/json"),
        ("a.tar.gz", OTHER),
        ("mp4", OTHER),
        ("noext", OTHER),
        ("dot.", OTHER),
        ("a.unknown", OTHER),
    ],
)
def test_a_suffix_tells_the_type(name: str, kind: str) -> None:
    assert media_type(name) == kind


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mp3", "a.wav", "a.png", "a.jpg", "a.gif", "a.webp"])
def test_what_a_browser_plays_is_shown_in_place(name: str) -> None:
    assert disposition(name) == f'inline; filename="{name}"'


@pytest.mark.parametrize(
    "name", ["a.html", "a.htm", "a.svg", "a.xml", "a.pdf", "a.json", "a.txt", "a.m3u8", "a", "a.exe", "a.mp4.html"]
)
def test_all_else_is_saved(name: str) -> None:
    assert disposition(name) == f'attachment; filename="{name}"'


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("é.mp4", "inline; filename=\"_.mp4\"; filename*=UTF-8''%C3%A9.mp4"),
        ('a"b\\c.zip', "attachment; filename=\"a_b_c.zip\"; filename*=UTF-8''a%22b%5Cc.zip"),
        ("100%.zip", "attachment; filename=\"100_.zip\"; filename*=UTF-8''100%25.zip"),
    ],
)
def test_an_odd_name_is_given_in_both_forms(name: str, header: str) -> None:
    assert disposition(name) == header


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    if "filename*" in header:
        assert unquote(header.partition("filename*=UTF-8''")[2], errors="strict") == name


@pytest.mark.parametrize(
    ("announced", "kind"),
    [
        ("video/mp4", "video/mp4"),
        ("Video/MP4; codecs=avc1", "video/mp4"),
        ("text/html", "text/html"),
        ("application/x-www-form-urlencoded", OTHER),
        ("multipart/form-data; boundary=x", OTHER),
        ("", OTHER),
        (None, OTHER),
        ("video/mp4\r\nSet-Cookie: a=b", OTHER),
    ],
)
def test_an_announced_type_is_believed_when_it_is_one_of_ours(announced: str | None, kind: str) -> None:
    assert known_type(announced) == kind
