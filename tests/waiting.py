"""How tests wait: for the thing itself, with a deadline that only a failure meets."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02

_never = threading.Event()


def until(look: Callable[[], T | None], what: str | Callable[[], str] = "", seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` gives once it gives something; `what`, or what it then tells, is what never happened otherwise."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"it never happened: {what() if callable(what) else what}"
        _never.wait(LOOK_SECONDS)  # two cores: looking must not slow down what is looked at
    return found


def seconds_until(look: Callable[[], object], what: str) -> float:
    """How long it took until `look` gave something."""
    began = time.monotonic()
    until(look, what)
    return time.monotonic() - began
