"""What the fault tests share: the figures that they measure, shown at the end of every run, in CI too."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.acceptance.test_jobs import receiver

__all__ = ["receiver"]  # a fixture of theirs, for our tests too

Figure: TypeAlias = Callable[[str, float], None]
Note: TypeAlias = Callable[[str], None]

LINES: pytest.StashKey[list[str]] = pytest.StashKey()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Notes a line to show at the end."""
    return request.config.stash.setdefault(LINES, []).append


@pytest.fixture
def figure(note: Note) -> Figure:
    """Notes what was measured, in seconds; no test fails by it."""
    return lambda what, seconds: note(f"{seconds:8.2f} s  {what}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the figures whatever became of the tests."""
    if lines := config.stash.get(LINES, None):
        terminalreporter.section("faults: how long until it was well again")
        for line in lines:
            terminalreporter.write_line(line)
