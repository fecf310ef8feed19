"""A mistake: a command that fails, and what its author is told."""

from dataclasses import dataclass

from ffmill.errors import FailureCode


@dataclass(frozen=True, slots=True)
class Mistake:
    """One command over the inputs of `media.py`; whatever else stands in a placeholder is an output."""

    name: str
    command: str
    code: FailureCode
    hint: str  # words that the hint holds
    corrected: str | None = None  # the command that is offered; it has to succeed
