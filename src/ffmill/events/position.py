"""How far a stream has told of a job: the id of each of its events, so that it can be resumed, by any API process."""

import re
from dataclasses import dataclass, field
from typing import Self

from ffmill.jobs.model import Progress

NEW, END = "new", "end"
TEXT = re.compile(
    r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})\.(new|queued|unattended|running|succeeded|failed|cancelled|end)\.([0-9]{1,9})"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What was told last; all of it is in the id but the progress, of which only the present counts."""

    attempt: int = 0
    line: int = 0  # of the attempt's log, from 1
    outputs: int = 0  # of the attempt
    state: str = NEW  # a status, `unattended` for a job that is queued for nobody, `end` once that was told
    command_index: int = 0
    progress: Progress | None = field(default=None)

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The position that an id names; None where it names none."""
        found = TEXT.fullmatch(text)
        if found is None:
            return None
        attempt, line, outputs, state, command_index = found.groups()
        return cls(
            attempt=int(attempt), line=int(line), outputs=int(outputs), state=state, command_index=int(command_index)
        )

    @property
    def text(self) -> str:
        """As an id."""
        return f"{self.attempt}.{self.line}.{self.outputs}.{self.state}.{self.command_index}"
