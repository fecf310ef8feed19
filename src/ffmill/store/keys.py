"""Which object keys are allowed: those that name one file on a disk, and one object of a bucket."""

import re

from ffmill.errors import BadRequest

MAX_KEY_BYTES = 1024  # of S3: "Creating object key names" in its user guide
MAX_SEGMENT_BYTES = 255  # NAME_MAX of Linux

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")  # S3 lists in XML, which has not the last two


def check_key(key: str) -> str:
    """`key`, which is `segment/segment/…`; raises BadRequest when it could leave the store or not be stored.

    A segment does not begin with a dot: that excludes `.` and `..`, and leaves such names to the store itself.
    """
    if fault := _fault(key):
        raise BadRequest(f"{key!a} cannot be stored: {fault}")
    return key


def _fault(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it holds half of a surrogate pair, which is no character"
    if size > MAX_KEY_BYTES:
        return f"its key has {size} bytes; the most is {MAX_KEY_BYTES}"
    if _CONTROL.search(key):
        return "it holds a control character"
    for segment in key.split("/"):
        if not segment or segment.startswith("."):
            return "a part of its key is empty or begins with a dot"
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            return f"a part of its key is longer than {MAX_SEGMENT_BYTES} bytes"
    return None
