"""Going round the targets, a few seconds at each, until the time is over."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.fuzz.target import Target

FIRST_EXAMPLES = 20
MOST_EXAMPLES = 5000  # in one turn: Hypothesis keeps them apart in memory
TURN_SECONDS = 5.0


@dataclass(kw_only=True)
class Tally:
    """What has been tried of one target."""

    target: Target
    tried: int = 0
    seconds: float = 0.0
    failure: str = ""  # with the smallest example that fails

    def turn(self, seconds: float) -> None:
        """Tries about as many examples as the time allows; after a failure none."""
        began = time.monotonic()
        try:
            self.tried += self.target.run(self._examples(seconds))
        except Exception as failure:  # whatever it is, it is what was looked for
            self.failure = "".join(traceback.format_exception(failure))
        self.seconds += time.monotonic() - began

    def line(self) -> str:
        """The tally as text."""
        rate = self.tried / self.seconds if self.seconds else 0
        end = "FAILED" if self.failure else "no failure"
        return f"{self.tried:9,} examples {rate:7,.0f}/s  {end:10}  {self.target.name}"

    def _examples(self, seconds: float) -> int:
        if not self.tried:
            return FIRST_EXAMPLES
        return max(FIRST_EXAMPLES, min(MOST_EXAMPLES, round(self.tried / self.seconds * seconds)))


@dataclass(kw_only=True)
class Rounds:
    """A long run over all targets."""

    targets: Sequence[Target]
    tallies: list[Tally] = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = [Tally(target=target) for target in self.targets]

    def run(self, seconds: float, tell: Callable[[str], object]) -> bool:
        """Runs for so long, at least one turn of each; says whether nothing failed."""
        end = time.monotonic() + seconds
        while going := [tally for tally in self.tallies if not tally.failure]:
            for tally in going:
                left = end - time.monotonic()
                if left <= 0 and tally.tried:
                    return self._told(tell)
                tally.turn(min(TURN_SECONDS, max(0.0, left) / len(going)))
        return self._told(tell)

    def _told(self, tell: Callable[[str], object]) -> bool:
        failed = [tally for tally in self.tallies if tally.failure]
        for tally in failed:
            tell(f"{tally.target.name}\n{tally.failure}")
        for tally in self.tallies:
            tell(tally.line())
        return not failed
