"""Signed URLs: no change to one gives access to anything, unless it only spells the same differently."""

from urllib.parse import parse_qs, quote, unquote

from hypothesis import strategies as st

from ffmill.store.signing import OURS, ExpiredSignature, InvalidSignature, Signer, SigningKey
from tests.fuzz.pieces import NAMES, TEXTS
from tests.fuzz.target import target

NOW = 1_800_000_000
SIGNERS = {
    now: Signer(
        [SigningKey(id="new", secret=b"n" * 32), SigningKey(id="old", secret=b"o" * 32)],
        "https://x.org/media",
        clock=lambda now=now: now,
    )
    for now in (NOW, NOW + 100)
}
SIGNER = SIGNERS[NOW]
KEYS = st.lists(st.one_of(NAMES, st.just("files")), min_size=1, max_size=4).map("/".join)
INSERTED = st.sampled_from(
    [*"&=?#%/;+ .\0\n\ud800é0aA_-", "%00", "%2F", "%ff", "%26", "/files/", "/../", "&sig=", "&expires=9"]
)


@st.composite
def changes(draw: st.DrawFn, url: str) -> str:
    """The URL with something put in, left out, exchanged, escaped or written twice."""
    start = draw(st.integers(0, len(url)))
    end = min(len(url), start + draw(st.integers(0, 4)))
    part = url[start:end]
    changed = draw(
        st.one_of(
            INSERTED,
            st.text(st.characters(), max_size=3),
            st.just(part.swapcase()),
            st.just("".join(f"%{byte:02x}" for byte in part.encode(errors="replace"))),
            st.just(part * 2),
            st.just(unquote(part)),
            st.just(quote(part)),
        )
    )
    return url[:start] + changed + url[end:]


@st.composite
def urls(draw: st.DrawFn) -> tuple[str, str, str]:
    """Key, URL, and the URL changed once or oftener."""
    key = draw(KEYS)
    url = SIGNER.sign("GET", key, 60)
    changed = url
    for _ in range(draw(st.integers(1, 3))):
        changed = draw(changes(changed))
    path, _, query = changed.partition("?")
    if draw(st.booleans()):
        changed = f"{path}?{'&'.join(draw(st.permutations(query.split('&')[:5])))}"
    return key, url, changed


@target(examples=200, drawn=urls(), now=st.sampled_from(list(SIGNERS)), method=st.sampled_from(["GET", "HEAD"]))
def test_a_changed_url_gives_nothing_unless_it_says_the_same(
    drawn: tuple[str, str, str], now: int, method: str
) -> None:
    key, url, changed = drawn
    try:
        found = SIGNERS[now].verify(method, changed)
    except InvalidSignature:
        return
    except ExpiredSignature:
        assert now > NOW
        return
    assert now == NOW
    assert found == key
    assert said(changed) == said(url)
    assert unquote(changed.partition("#")[0].partition("?")[0]).endswith(f"/files/{key}")


@target(key=KEYS, url=st.one_of(TEXTS, st.builds("/files/{}?expires={}&kid=new&sig={}".format, TEXTS, TEXTS, TEXTS)))
def test_what_we_never_signed_is_refused(key: str, url: str) -> None:
    _, _, query = SIGNER.sign("GET", key, 60).partition("?")
    for text in (url, f"https://x.org/media/files/{url}?{query}"):
        try:
            assert SIGNER.verify("GET", text) == key
        except InvalidSignature:
            continue
        assert unquote(text.partition("#")[0].partition("?")[0]).endswith(key)


@target(examples=50, key=KEYS, method=st.one_of(st.sampled_from(["PUT", "POST", "get", "GET ", "GET\n", ""]), TEXTS))
def test_another_method_is_refused(key: str, method: str) -> None:
    url = SIGNER.sign("GET", key, 60)
    try:
        SIGNER.verify(method, url)
    except InvalidSignature:
        return
    assert method in ("GET", "HEAD")


def said(url: str) -> dict[str, list[str]]:
    """Our parameters of a URL, read by other means."""
    given = parse_qs(url.partition("#")[0].partition("?")[2], keep_blank_values=True)
    return {name: given.get(name, []) for name in OURS}
