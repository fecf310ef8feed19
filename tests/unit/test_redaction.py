"""What is left of secrets in a text that others may read: nothing, and the rest as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.redaction import redact

CANARY = "CANARY5678"
KEY = f"ffm_abcdefgh{'x' * 35}"

SECRET = [
    f"https://x.org/a.mp4?X-Amz-Signature={CANARY}",
    f"https://x.org/a.mp4?{CANARY}",
    f"https://x.org/a.mp4#access_token={CANARY}",
    f"HTTPS://x.org/a.mp4?a='b'&sig={CANARY}",
    f"https://x.org/?a=b c&sig={CANARY}",
    f"https://x.org?sig={CANARY}",
    f"https://user:{CANARY}@x.org/a.mp4",
    f"https://{CANARY}@x.org",
    f"ftp://user:p?{CANARY}@x.org/a",
    f"https://x.org/?next=https://y.org/?t={CANARY}",
    f"https://x.org/a,https://y.org/?t={CANARY}",
    f"https://x.org/a|https://u:{CANARY}@y.org/",
    f"movie=https\\://x.org/a?sig={CANARY}:s=1",
    rf"movie=https\\\://u\:{CANARY}@x.org/a",
    rf"https\:\/\/x.org/a\?sig\={CANARY}",
    f"x.org/a?sig={CANARY}",
    f"//x.org/a?b=1&sig={CANARY}",
    f"a?b[c]%5B={CANARY}",
    f"/files/a%3Fexpires=1&sig={CANARY}",
    f"/files/a%253fsig%253D{CANARY}",
    f"https%3A%2F%2Fx.org%2Fa%3Fsig%3D{CANARY}",
    f"Error opening input file https://x.org/a?sig={CANARY}.",
    f"[https @ 0x1] 'https://x.org/a?sig={CANARY}': Not found",
    f"Authorization: Bearer {CANARY}",
    f"authorization:Basic {CANARY}",
    f"Cookie: a=b; c={CANARY}",
    f"bearer {CANARY}",
    f"connection to server failed: password={CANARY}",
    f"[f=hls:hls_enc_key={CANARY}]out",
    f"a key ffm_abcdefgh{CANARY}{'x' * 25}, and more",
    f"/api/jobs/ffm_abcdefgh{CANARY}{'x' * 25}",
]


@pytest.mark.parametrize("text", SECRET)
def test_no_secret_is_left(text: str) -> None:
    assert CANARY not in redact(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("from https://x.org/a.mp4?sig=1 to b", "from https://x.org/a.mp4?… to b"),
        ("https://user:pass@x.org:8080/a.mp4", "https://…@x.org:8080/a.mp4"),
        ("near '//user:pass@x.org/a'", "near '//…@x.org/a'"),
        ("a https://x.org/?a#b https://y.org/", "a https://x.org/?… https://y.org/"),
        (f"key {KEY}.", "key ffm_abcdefgh…."),
        ("x?a=1&b=2", "x?a=…"),
    ],
)
def test_what_is_no_secret_is_kept(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Input #0, mov,mp4,m4a, from 'inputs/video.mp4':",
        "  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 320x180, 25 fps",
        "$ ffmpeg -i in.mp4 -map 0:a? -vf 'scale=w=320,drawtext=text=a\\:b' -metadata title='What? A & B' out.mp4",
        "https://x.org/@user/path/video%20one.mp4 and ftp://y.org",
        "frame=  100 fps= 25 q=28.0 size=     256KiB time=00:00:04.00 bitrate= 524.3kbits/s speed=1.0x",
        "the prefix ffm_abcdefgh",
        "-f lavfi -i sine=frequency=440 -filter_complex [0:v][1:v]overlay=x='if(gte(t,1),10,20)'",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_any_text_can_be_redacted_again_and_stays(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "part",
    [
        "://",
        "https://x/",
        "a@",
        "?",
        "&a",
        "%3f",
        "%26a",
        "%25",
        "?a&",
        "cookie ",
        "bearer",
        "ffm_",
        "\\:/",
        ":\\",
        "@://",
    ],
)
def test_a_hostile_text_costs_little(part: str) -> None:
    """A minute would not do where it took quadratic time."""
    redact(part * ((1 << 20) // len(part)))
