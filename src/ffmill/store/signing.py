"""Our URLs: signed, so that whoever has one may do one thing with one file until it expires, and nothing else."""

import hmac
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote

from ffmill.errors import Forbidden
from ffmill.store.keys import MAX_KEY_BYTES

Method = Literal["GET", "PUT"]

FILES = "/files/"
OURS = ("expires", "kid", "sig")  # parameters of the query
MOST_SPLITS = 8  # how often `/files/` is looked for in one path: in a prefix of ours, and in keys
LONGEST_QUOTED = 3 * MAX_KEY_BYTES  # characters of a key in a path, each byte as %XX

LONGEST_KID = 32  # characters of a signing key's id
INVALID = "this URL carries no valid signature; use it unchanged, as it was given out"

_EXPIRES = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


class InvalidSignature(Forbidden):
    """The URL carries no valid signature of ours for this method."""


class UnknownKey(InvalidSignature):
    """The URL names a signing key that is not at hand; it may be a new one."""

    def __init__(self, message: str, kid: str = "") -> None:
        super().__init__(message)
        self.kid = kid


class ExpiredSignature(Forbidden):
    """The URL was ours and valid, and its time is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """A secret that signs URLs, and the name by which a URL says so."""

    id: str
    secret: bytes = field(repr=False)


class Signer:
    """Signs and verifies URLs `{public_url}/files/{key}?expires=…&kid=…&sig=…`.

    The signature is HMAC-SHA256 over method, expiry, the signing key's id and the object key. Nothing else of a URL
    counts: not its host, not what stands before `/files/`, no further parameter of its query (trackers and caches add
    such). A parameter of ours given twice is refused, for who reads which of them?
    """

    def __init__(self, keys: Sequence[SigningKey], public_url: str, clock: Callable[[], float] = time.time) -> None:
        """`keys`: newest first; it signs, all verify. `public_url`: what URLs begin with, a path included."""
        self.replace(keys)
        self._start = public_url.rstrip("/") + FILES
        self._clock = clock

    def replace(self, keys: Sequence[SigningKey]) -> None:
        """Has the first of `keys` sign and all of them verify, from now on; in one step, as other threads sign too."""
        self._digests = {key.id: hmac.new(key.secret, digestmod="sha256") for key in keys}  # keyed once, then copied

    def has(self, kid: str) -> bool:
        """Whether the signing key of that id is at hand."""
        return kid in self._digests

    def sign(self, method: Method, key: str, seconds: int) -> str:
        """A URL that allows `method` on the object, which is stored already, for so many seconds; GET allows HEAD."""
        kid, digest = next(iter(self._digests.items()))
        expires = str(int(self._clock()) + seconds)
        sig = _signature(digest, f"{method}\n{expires}\n{kid}\n{key}")
        return f"{self._start}{quote(key)}?expires={expires}&kid={kid}&sig={sig}"

    def verify(self, method: str, url: str) -> str:
        """The object key of a URL, or of its path and query, that allows `method`.

        Raises InvalidSignature, UnknownKey among them, and ExpiredSignature for one that was valid.
        """
        path, expires, kid, sig = _taken_apart(url)
        digest = self._digests.get(kid)
        if digest is None:
            raise UnknownKey(INVALID, kid)
        allowed = "GET" if method == "HEAD" else method
        for key in _keys(path):
            if hmac.compare_digest(_signature(digest, f"{allowed}\n{expires}\n{kid}\n{key}"), sig):
                if int(expires) <= self._clock():
                    raise ExpiredSignature("this URL has expired; ask for a new one")
                return key
        raise InvalidSignature(INVALID)


def _taken_apart(url: str) -> tuple[str, str, str, str]:
    """Path, expiry, signing key's id and signature, each in the one form that we write; raises InvalidSignature."""
    path, _, query = url.partition("#")[0].partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=False, max_num_fields=100)
    except ValueError as error:
        raise InvalidSignature(INVALID) from error
    given = [(name, value) for name, value in pairs if name in OURS]
    values = dict(given)
    if len(given) != len(OURS) or len(values) != len(OURS) or FILES not in path:
        raise InvalidSignature(INVALID)
    expires, kid, sig = (values[name] for name in OURS)
    if not _EXPIRES.fullmatch(expires) or not 0 < len(kid) <= LONGEST_KID or not sig.isascii():
        raise InvalidSignature(INVALID)
    return path, expires, kid, sig


def _signature(keyed: hmac.HMAC, text: str) -> str:
    """Of method, expiry, signing key's id and object key, one a line; the last may hold any character, so it is last.

    43 characters of base64url (RFC 4648, section 5), unpadded.
    """
    digest = keyed.copy()
    digest.update(text.encode("utf-8", "surrogatepass"))
    return urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _keys(path: str) -> Iterator[str]:
    """What may be the key in a path: all that follows a `/files/`, decoded once. A key may hold `/files/` itself.

    What would be too long for a key is left undecoded: a hostile URL would have it decoded over and over.
    """
    start = max(0, len(path) - LONGEST_QUOTED - len(FILES))
    for _ in range(MOST_SPLITS):
        if (at := path.find(FILES, start)) < 0:
            return
        try:
            yield unquote(path[at + len(FILES) :], errors="strict")
        except UnicodeDecodeError:
            return
        start = at + 1
