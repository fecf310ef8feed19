"""URLs: what goes over the wire, what is shown, and where credentials go."""

import pytest

from ffmill.net.targets import UnusableUrl, parse


@pytest.mark.parametrize(
    "path",
    [
        "/a%20b.mp4?X-Amz-Signature=0f%2B%3d&X-Amz-Credential=AKIA%2F2026%2Fs3",
        "/a+b.mp4?x=1+2&y=%2f&z=%2F",
        "/?response-content-disposition=attachment%3B%20filename%3D%22a.mp4%22",
        "/a/../b/./c;v=1,2",
        "/(a)!*'$&@:=~_-.",
        "/x?a=b?c/d",
    ],
)
def test_a_signed_url_is_sent_as_it_was_written(path: str) -> None:
    assert parse("https://bucket.example.com" + path).url.raw_path_qs == path


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://h/my film.mp4", "http://h/my%20film.mp4"),
        ("http://h/ä.mp4?t=ü", "http://h/%C3%A4.mp4?t=%C3%BC"),
        ('http://h/a"b|c', "http://h/a%22b%7Cc"),
        ("http://h/100%.mp4", "http://h/100%25.mp4"),
        ("http://h/%zz%41", "http://h/%25zz%41"),
        ("  http://h/x\n", "http://h/x"),
        ("http://h/x\r\nHost: y", "http://h/xHost:%20y"),
        ("http://h/a\x00b", "http://h/a%00b"),
        ("http://h/x#part", "http://h/x"),
        ("http://h", "http://h/"),
        ("HTTPS://EXAMPLE.com:443/x", "https://example.com/x"),
        ("http://h:/x", "http://h/x"),
        ("http://[2600::1]:0080/x", "http://[2600::1]/x"),
        ("http://münchen.example/x", "http://xn--mnchen-3ya.example/x"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_what_cannot_stand_in_a_request_is_encoded(written: str, sent: str) -> None:
    assert str(parse(written).url) == sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "in.mp4",
        "//h/x",
        "file:///etc/passwd",
        "ftp://h/x",
        "data:,x",
        "http:",
        "http:///x",
        "http://user@/x",
        "http://a b/",
        "http://h:99999/",
        "http://h:0/",
        "http://h:+80/",
        "http://h:-1/",
        "http://h:8_0/",
        "http://h: 80/",
        "http://h:\uff18\uff10/",
        "http://h:80:80/",
        "http://h:" + "9" * 5000 + "/",
        "http://h:x/",
        "http://[::1/",
        "http://[x]/",
        "http://%31%32%37.0.0.1/",
        "http://a..b/",
        "http://" + "a" * 64 + ".com/",
        "http://" + "a." * 130 + "com/",
        "http://h\\@127.0.0.1/",
        "http://127.0.0.1:80\\@h/",
        "http://h/\ud800",
        "http://h\ud800/",
        "http://h\x00/",
    ],
)
def test_what_is_no_http_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnusableUrl) as refused:
        parse(url)
    assert str(refused.value) in ("is not a URL", "is not an http or https URL")


def test_user_and_password_become_a_header_and_are_not_shown() -> None:
    target = parse("https://us%40er:p%C3%A4ss:word@example.com/x?token=secret")
    assert target.authorization == "Basic dXNAZXI6cMOkc3M6d29yZA=="
    assert str(target.url) == "https://example.com/x?token=secret"
    assert (target.shown, target.site) == ("https://example.com/x", "https://example.com")
    assert "Basic" not in repr(target)


def test_a_url_is_shown_as_the_client_wrote_it() -> None:
    assert parse("HTTP://LOCALHOST.:8080/Ä b.mp4#x").shown == "http://LOCALHOST.:8080/Ä b.mp4"
    assert parse("http://①.example/").shown == "http://①.example/"


def test_a_long_url_is_shown_shortened_and_odd_characters_replaced() -> None:
    assert len(parse("http://h/" + "x" * 5000).shown) == 200
    assert parse("http://h/a\x1b[31m\u202eb").shown == "http://h/a?[31m?b"


@pytest.mark.parametrize(
    ("location", "url", "keeps"),
    [
        ("/y?q=%2f", "http://h/y?q=%2f", True),
        ("y", "http://h/a/y", True),
        ("?z", "http://h/a/b?z", True),
        ("http://H:80/y", "http://h/y", True),
        ("http://h:81/y", "http://h:81/y", False),
        ("https://h/y", "https://h/y", False),
        ("//evil.example/y", "http://evil.example/y", False),
        ("http://h.evil.example/", "http://h.evil.example/", False),
        ("\udcc3\udca4", "http://h/a/%C3%A4", True),  # a header's raw bytes, as aiohttp gives them
    ],
)
def test_credentials_go_along_with_a_redirect_within_the_origin_only(location: str, url: str, keeps: bool) -> None:
    target = parse("http://user:pass@h/a/b?secret").redirected(location)
    assert str(target.url) == url
    assert (target.authorization is not None) == keeps


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://h/", "http://[::1", "javascript:alert(1)"])
def test_a_redirect_to_anything_but_http_is_refused(location: str) -> None:
    with pytest.raises(UnusableUrl):
        parse("http://other.example/a").redirected(location)
