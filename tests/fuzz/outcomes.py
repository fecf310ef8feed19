"""What a call comes to: its result, or with which words it is refused. Any other error is a bug."""

from collections.abc import Callable
from typing import TypeVar

from ffmill.errors import BadRequest

MOST_BYTES = 4096  # of a refusal, whatever it is about

T = TypeVar("T")


def outcome(work: Callable[[], T]) -> T | str:
    """The result or the refusal."""
    try:
        return work()
    except BadRequest as refusal:
        return refusal.message
