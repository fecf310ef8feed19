"""What can be known of a command to be wrong before it runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from ffmill.diagnosis.nearest import Nearest
from ffmill.errors import FailureCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is surely wrong."""

    code: FailureCode
    message: str  # a sentence without the last dot
    hint: str
    at: int  # the index of the word in argv
    replacement: str | None  # of that word, where there is one sure mending


def misspelled(
    argv: Sequence[str], at: int, name: str, found: Nearest, *, code: FailureCode, message: str, otherwise: str
) -> Problem:
    """A name that FFmpeg does not know, somewhere in a word; `otherwise` is the hint where nothing is near."""
    mark = "-" if code is FailureCode.NO_SUCH_OPTION else ""
    sure = found.sure is not None and argv[at].count(name) == 1
    return Problem(
        code=code,
        message=message,
        hint=found.hint(mark) or otherwise,
        at=at,
        replacement=argv[at].replace(name, found.sure or "") if sure else None,
    )
