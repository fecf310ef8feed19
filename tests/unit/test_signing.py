"""Signed URLs: what they allow, and that nothing else is let through."""

import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.errors import BadRequest
from ffmill.store import signing
from ffmill.store.keys import MAX_KEY_BYTES, check_key
from ffmill.store.signing import ExpiredSignature, InvalidSignature, Signer, SigningKey

NOW = 1_800_000_000
OLD = SigningKey(id="old", secret=b"o" * 32)
NEW = SigningKey(id="new", secret=b"n" * 32)

segments = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: "/" not in text and not text.startswith(".")
)
keys = st.lists(segments, min_size=1, max_size=5).map("/".join)
publics = st.sampled_from(
    [
        "http://127.0.0.1:8000",
        "https://x.org/media",
        "https://x.org/files",
        "https://x.org/files/files/a",
        "http://[::1]",
    ]
)


def signer(
    public_url: str = "https://x.org", *, now: float = NOW, secrets: tuple[SigningKey, ...] = (NEW, OLD)
) -> Signer:
    return Signer(secrets, public_url, clock=lambda: now)


@given(key=keys, public_url=publics)
def test_any_key_comes_back_from_its_url(key: str, public_url: str) -> None:
    url = signer(public_url).sign("GET", key, 60)
    assert url.isascii()
    assert url.startswith(f"{public_url}/files/")
    assert signer(public_url).verify("GET", url) == key


@given(key=keys)
def test_a_url_is_valid_under_any_host_and_prefix(key: str) -> None:
    url = signer("https://x.org/media").sign("GET", key, 60)
    path = url.removeprefix("https://x.org/media")
    for start in ("", "http://10.0.0.1:99", "https://other.example/a/files/b", "//"):
        assert signer().verify("GET", start + path) == key


@pytest.mark.parametrize("key", ["a/files/b", "files/files/files", "x/files", "files/x"])
def test_a_key_may_hold_the_word_files(key: str) -> None:
    for public_url in ("https://x.org", "https://x.org/files", "https://x.org/files/files"):
        assert signer().verify("GET", signer(public_url).sign("GET", key, 60)) == key


@given(key=keys, other=keys)
def test_another_key_is_refused(key: str, other: str) -> None:
    path, query = signer().sign("GET", key, 60).split("?")
    forged = f"{path.removesuffix(quote(key))}{quote(other)}?{query}"
    if other == key:
        assert signer().verify("GET", forged) == key
    else:
        refused("GET", forged)


@given(key=keys, at=st.integers(0, 10_000), character=st.characters(codec="ascii"))
def test_a_changed_character_of_the_query_is_refused(key: str, at: int, character: str) -> None:
    url = signer().sign("GET", key, 60)
    path, query = url.split("?")
    at %= len(query)
    changed = query[:at] + character + query[at + 1 :]
    if changed == query or changed.startswith("&") or (character == "#" and at >= len(query)):
        return
    refused("GET", f"{path}?{changed}")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "get", "", "GET\n1"])
def test_a_get_url_allows_nothing_but_get_and_head(method: str) -> None:
    url = signer().sign("GET", "a/b", 60)
    assert signer().verify("HEAD", url) == "a/b"
    refused(method, url)


def test_a_put_url_allows_nothing_but_put() -> None:
    url = signer().sign("PUT", "a/b", 60)
    assert signer().verify("PUT", url) == "a/b"
    refused("GET", url)
    refused("HEAD", url)


def test_a_url_expires() -> None:
    url = signer().sign("GET", "a/b", 60)
    assert signer(now=NOW + 59.9).verify("GET", url) == "a/b"
    with pytest.raises(ExpiredSignature):
        signer(now=NOW + 60).verify("GET", url)


def test_only_what_was_valid_is_called_expired() -> None:
    url = signer().sign("GET", "a/b", 60).replace("a/b", "a/c")
    with pytest.raises(InvalidSignature):
        signer(now=NOW + 100).verify("GET", url)


@pytest.mark.parametrize(
    "expires", ["0", "-1", "+1800000060", "01800000060", " 1800000060", "1800000060.0", "1_8", "٣", "9" * 30]
)
def test_an_expiry_has_one_spelling(expires: str) -> None:
    refused("GET", re.sub(r"expires=\d+", f"expires={quote(expires)}", signer().sign("GET", "a", 60)))


def test_the_newest_key_signs_and_all_verify() -> None:
    old = signer(secrets=(OLD,)).sign("GET", "a", 60)
    assert "kid=old" in old
    assert "kid=new" in signer().sign("GET", "a", 60)
    assert signer().verify("GET", old) == "a"
    with pytest.raises(InvalidSignature):
        signer(secrets=(NEW,)).verify("GET", old)


def test_a_signature_of_one_key_is_none_of_another() -> None:
    refused("GET", signer().sign("GET", "a", 60).replace("kid=new", "kid=old"))


def test_a_doubly_encoded_url_is_another_one() -> None:
    url = signer().sign("GET", "a/b c%d", 60)
    assert "b%20c%25d" in url
    refused("GET", url.replace("%", "%25"))
    refused("GET", url.replace("%25d", "%d"), valid_too="a/b c%d")  # `%d` is no escape, so it stands for itself
    refused("GET", signer().sign("GET", "a/%41", 60).replace("%2541", "%41"))


def test_equal_encodings_are_one_url() -> None:
    url = signer().sign("GET", "a/b-c", 60)
    assert signer().verify("GET", url.replace("b-c", "%62%2Dc")) == "a/b-c"


@pytest.mark.parametrize("name", ["expires", "kid", "sig"])
def test_a_parameter_given_twice_or_not_at_all_is_refused(name: str) -> None:
    url = signer().sign("GET", "a", 60)
    given = re.search(rf"{name}=[^&]*", url)
    assert given is not None
    refused("GET", f"{url}&{given[0]}")
    refused("GET", f"{url}&{name}=")
    refused("GET", url.replace(given[0], ""))


def test_parameters_of_others_and_a_fragment_change_nothing() -> None:
    url = signer().sign("GET", "a", 60)
    assert signer().verify("GET", f"{url}&utm_source=mail&v=2#t=10") == "a"
    assert signer().verify("GET", url.replace("?", "?fbclid=1&")) == "a"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "?",
        "/files/",
        "/files/a",
        "https://example.org/video.mp4?expires=1800000060&kid=new&sig=x",
        "/files/a?expires=1800000060&kid=new&sig=%C3%A9",
        "/files/a?expires=1800000060&kid=new&sig=",
        "/files/%ff?expires=1800000060&kid=new&sig=x",
        "/files/\ud800?expires=1800000060&kid=new&sig=x",
        "/files/a?" + "&".join(f"p{number}=1" for number in range(1000)),
        "https://[half/files/a?expires=1800000060&kid=new&sig=x",
    ],
)
def test_what_is_no_url_of_ours_is_refused_and_breaks_nothing(url: str) -> None:
    refused("GET", url)


@given(st.text())
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    refused("GET", text)
    refused("GET", f"/files/{text}?expires=1800000060&kid=new&sig={text}")


def test_a_path_of_many_files_is_not_tried_for_ever() -> None:
    refused("GET", "/files" * 100_000 + "/a?expires=1800000060&kid=new&sig=x")


def test_the_longest_key_comes_back_from_its_url() -> None:
    key = "é" * (MAX_KEY_BYTES // 2)
    url = signer().sign("GET", key, 60)
    assert signer().verify("GET", url) == key
    assert signer().verify("GET", f"/files/{'x' * 100_000}/files/{'y' * 100_000}{url}") == key


def test_what_is_too_long_for_a_key_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 such URLs in one request took 4 s."""
    decoded: list[str] = []

    def noting(text: str, *, errors: str) -> str:
        decoded.append(text)
        return unquote(text, errors=errors)

    monkeypatch.setattr(signing, "unquote", noting)
    tail = "/files/" + "%41" * MAX_KEY_BYTES
    refused("GET", tail * 5 + "x?expires=1800000060&kid=new&sig=x")
    assert decoded == []
    refused("GET", tail * 5 + "?expires=1800000060&kid=new&sig=x")
    assert len(decoded) == 1


def test_a_signing_key_hides_its_secret() -> None:
    assert "nnn" not in repr(NEW)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/./b",
        ".hidden",
        "a/.b",
        "a\0b",
        "a\nb",
        "\x7f",
        "\ud800",
        "x" * 256,
        "é" * 128,
        "a/" * 600,
    ],
)
def test_an_unsafe_key_is_not_kept(key: str) -> None:
    with pytest.raises(BadRequest):
        check_key(key)


@pytest.mark.parametrize(
    "key",
    ["a", "a/b", "a b", "%41", "..a".lstrip("."), "a..", "é" * 127, "x" * 255, "a:b", "#1", "a\\b", "~", "\u202e"],
)
def test_an_odd_key_is_allowed(key: str) -> None:
    assert check_key(key) == key


def refused(method: str, url: str, valid_too: str | None = None) -> None:
    """The URL gives no key but `valid_too`, where that is an equal spelling."""
    if valid_too is not None:
        assert signer().verify(method, url) == valid_too
        return
    with pytest.raises(InvalidSignature):
        signer().verify(method, url)
