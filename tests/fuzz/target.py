"""A property and the data that it is tried on: the same fixed examples under pytest, ever new ones in a long run."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

BY_THE_CLOCK = (HealthCheck.too_slow, HealthCheck.data_too_large)  # a busy machine must fail nothing
FUZZ = settings(
    deadline=None,
    database=None,
    derandomize=False,
    suppress_health_check=BY_THE_CLOCK,
    phases=[Phase.generate, Phase.shrink],
)
CI = settings(FUZZ, derandomize=True)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One property."""

    name: str
    check: Callable[..., None]
    drawn: Mapping[str, SearchStrategy[Any]]

    def run(self, examples: int) -> int:
        """Tries as many new examples, and says how many it tried; raises what the check raises on the smallest."""
        tried = 0

        @functools.wraps(self.check)
        def counted(**values: object) -> None:
            nonlocal tried
            tried += 1
            self.check(**values)

        settings(FUZZ, max_examples=examples)(given(**self.drawn)(counted))()
        return tried


TARGETS: list[Target] = []


def target(examples: int = 100, **drawn: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Makes a test of a check, with so many examples under pytest, and a target of `make fuzz`."""

    def made(check: Callable[..., None]) -> Callable[[], None]:
        only_long(**drawn)(check)
        return settings(CI, max_examples=examples)(given(**drawn)(check))

    return made


def only_long(**drawn: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a target of `make fuzz` alone."""

    def made(check: Callable[..., None]) -> Callable[..., None]:
        where = check.__module__.rpartition(".")[2].removeprefix("test_")
        what = check.__name__.removeprefix("test_").replace("_", " ")
        TARGETS.append(Target(name=f"{where}: {what}", check=check, drawn=drawn))
        return check

    return made
