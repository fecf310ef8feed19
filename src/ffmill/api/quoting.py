"""A client's value quoted back in a message: short, on one line, storable."""

import json
import re
from typing import Any

LONGEST = 80  # characters
UNSTORABLE = "must hold no NUL and no lone surrogate"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def quoted(value: Any) -> str:
    """`value` as JSON, cut to a length that a message bears."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = value if not isinstance(value, str) else value[: LONGEST + 1]
    try:
        written = json.dumps(text, ensure_ascii=not (isinstance(text, str) and text.isprintable()))
    except ValueError:  # an integer of thousands of digits
        return "a very large number"
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep `text`: it knows no NUL, and UTF-8 no lone surrogate."""
    return _UNSTORABLE.search(text) is None
