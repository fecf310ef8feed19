"""Secrets in a text, replaced by `…`: API keys, and what of a URL is for its server alone."""

import re
from collections.abc import Iterator

GONE = "…"

# Of each match the first group is kept and the second is a secret. A URL ends at white space alone: what a quote or a
# bracket seems to end, its server may take for a part of it. `\\*`, for a filter graph may write `https\://`. Each
# takes linear time: what one match has read, no other reads again.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(/\\*/)([^\s/]+(?=@))",  # user and password
        r"(:\\*/\\*/[^\s?#]*[?#]?)(\S*)",  # query and fragment
        r"([?&][^\s=&?]+=)(\S*)",  # a query of whatever else
        r"(%(?:25)*(?:3f|26)[^\s=&?%]+(?:=|%(?:25)*3d))(\S*)",  # the same percent-encoded, however often
        r"((?:passw(?:or)?d|passphrase|secret|token|signature|credential|\bsig|(?:api|enc(?:ryption)?|decryption)[_-]?key)\\*=)(\S+)",
        r"((?:authorization|cookies?|x-api-key|x-auth-token)\\*\s*:\s*)(.+)",
        r"(\bbearer\s+)(\S+)",
        r"(ffm_[a-z0-9_-]{8})([a-z0-9_-]+)",  # the prefix may be shown: it tells keys apart
    )
)
_TOKEN = re.compile(r"[\w%+~-]{6,}")  # shorter ones are found in words that are no secrets
_NAME = re.compile(r"\\*=[\w%]")  # what follows the name of a parameter


def redact(text: str) -> str:
    """`text` without API keys, and its URLs without user, password, query and fragment."""
    for pattern in _PATTERNS:
        text = pattern.sub(_kept, text)
    return text


def secrets_in(text: str) -> Iterator[str]:
    """The secrets in a text, word by word, for `without`."""
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield from words(found[2])


def words(secret: str) -> Iterator[str]:
    """The words of a secret that tell something of it; names of parameters do not."""
    return (found[0] for found in _TOKEN.finditer(secret) if not _NAME.match(secret, found.end()))


def without(text: str, secrets: set[str]) -> str:
    """`text` without those words, wherever they stand: a program may quote any part of what it was given."""
    return _TOKEN.sub(lambda found: GONE if found[0] in secrets else found[0], text) if secrets else text


def _kept(found: re.Match[str]) -> str:
    return found[1] + GONE if found[2] else found[0]
