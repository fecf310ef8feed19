"""How tests wait: for the thing itself, with a deadline that only a failure meets."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02

_never = threading.Event()


def until(look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS, why: Callable[[], str] = str) -> T:
    """What `look` gives once it gives something; fails after so many seconds, and says `why`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"it never happened: {why()}"
        _never.wait(LOOK_SECONDS)  # two cores: looking must not slow down what is looked at
    return found
