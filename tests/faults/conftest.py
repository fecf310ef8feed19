"""What the fault tests share: the figures that they measure, shown at the end of every run, in CI too."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.acceptance.test_jobs import receiver

__all__ = ["receiver"]  # a fixture of theirs, for our tests too

Figure: TypeAlias = Callable[[str, float], None]
Note: TypeAlias = Callable[[str], None]

FIGURE = "figure"


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Notes a line to show at the end; the report of the test brings it there, from whichever process."""
    return lambda line: request.node.user_properties.append((FIGURE, line))


@pytest.fixture
def figure(note: Note) -> Figure:
    """Notes what was measured, in seconds; no test fails by it."""
    return lambda what, seconds: note(f"{seconds:8.2f} s  {what}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows the figures whatever became of the tests."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    if lines := [line for report in reports for name, line in report.user_properties if name == FIGURE]:
        terminalreporter.section("faults: how long until it was well again")
        for line in lines:
            terminalreporter.write_line(line)
