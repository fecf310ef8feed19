"""Secrets that nobody can guess, and how they are found again in whatever was made of them."""

import base64
import secrets

LETTERS = "ghjkmnpqrstvwxyz"  # none is a hexadecimal digit: so no address or checksum looks like a token
LENGTH, PART = 32, 8


def token() -> str:
    """A fresh secret."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def spellings(secret: str) -> list[bytes]:
    """What gives the secret away: each quarter of it, as text of one byte or two, as hexadecimal digits; in base64.

    By quarters, since a dump of bytes has lines of sixteen, wherever those begin.
    """
    found = list[bytes]()
    for start in range(0, LENGTH, PART):
        part = secret[start : start + PART]
        digits = part.encode().hex()
        found += [part.encode(), part.encode("utf-16-le"), part.encode("utf-16-be"), part.upper().encode()]
        found += [digits.encode(), digits.upper().encode(), _in_pairs(digits)]
        found.append(part[::-1].encode())
    return [*found, *(_in_base64(secret, before) for before in range(3))]


def _in_pairs(digits: str) -> bytes:
    """As ffprobe dumps bytes: `6769 686a`."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4)).encode()


def _in_base64(secret: str, before: int) -> bytes:
    """What does not depend on the bytes before and after it."""
    whole = base64.b64encode(b"\0" * before + secret.encode())
    return whole[4:-4]
