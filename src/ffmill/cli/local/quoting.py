"""Quotes and escapes as FFmpeg reads them inside a word: FFmpeg utilities documentation, "Quoting and escaping"."""

import re

BLANKS = " \n\t\r"


def token(text: str, at: int, ends: str) -> tuple[str, int]:
    """The value that begins at `at`, and where it ends: at one of the characters `ends` or with the text.

    After `av_get_token` in FFmpeg's libavutil/avstring.c: blanks around a value go, except for quoted ones.
    """
    while at < len(text) and text[at] in BLANKS:
        at += 1
    value, kept = "", 0
    while at < len(text) and text[at] not in ends:
        piece, at, is_quoted = _piece(text, at)
        value += piece
        kept = len(value) if is_quoted else kept
    return value[:kept] + value[kept:].rstrip(BLANKS), at


def _piece(text: str, at: int) -> tuple[str, int, bool]:
    if text[at] == "\\" and at + 1 < len(text):
        return text[at + 1], at + 2, True
    if text[at] == "'":
        end = text.find("'", at + 1)
        return (text[at + 1 :], len(text), False) if end < 0 else (text[at + 1 : end], end + 1, True)
    return text[at], at + 1, False


def escaped(text: str, special: str) -> str:
    """`text` so that `token` gives it back: a backslash before whatever is special, and before blanks at its ends."""
    body = re.sub(rf"[\\'{re.escape(special)}]", r"\\\g<0>", text.strip(BLANKS))
    before = text[: len(text) - len(text.lstrip(BLANKS))]
    after = text[len(text.rstrip(BLANKS)) :] if text.strip(BLANKS) else ""
    return "".join(f"\\{blank}" for blank in before) + body + "".join(f"\\{blank}" for blank in after)
