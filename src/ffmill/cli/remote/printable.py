"""Text of others, fit for a terminal: it moves no cursor, sets no title, turns no line around."""

import re

# C0 but tab and newline, DEL, C1, and what changes the direction of text (Unicode, UAX #9)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""`text` with what would act on a terminal written out, as `\x1b`."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
