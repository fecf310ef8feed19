"""What an API key looks like, and the digest under which it is kept."""

import hashlib
import re
import secrets

PREFIX_LENGTH = 12
_SHAPE = re.compile(r"ffm_[A-Za-z0-9_-]{43}")


def new_key() -> str:
    """`ffm_` and 32 random bytes in base64url."""
    return f"ffm_{secrets.token_urlsafe(32)}"


def is_key(text: str) -> bool:
    """Whether `text` has the shape of a key."""
    return _SHAPE.fullmatch(text) is not None


def digest(key: str) -> bytes:
    """The SHA-256 of a key: what is stored and looked up.

    A key holds 256 random bits, so a fast hash cannot be searched; and a look-up by digest tells nothing by its
    duration that would help to guess a key.
    """
    return hashlib.sha256(key.encode()).digest()


def prefix(key: str) -> str:
    """The part of a key that may be shown."""
    return key[:PREFIX_LENGTH]
