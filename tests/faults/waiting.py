"""Waiting for conditions: as soon as it is so, and with a deadline that only guards against never."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02

_never = threading.Event()


def until(look: Callable[[], T | None], what: str) -> T:
    """What `look` gives once it gives something; `what` is what never happened otherwise."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"it never happened: {what}"
        _never.wait(LOOK_SECONDS)  # two cores: looking must not slow down what is looked at
    return found


def seconds_until(look: Callable[[], object], what: str) -> float:
    """How long it took until `look` gave something."""
    began = time.monotonic()
    until(look, what)
    return time.monotonic() - began
