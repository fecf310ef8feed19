"""A corrected command, which the service knows with names of its own, as the user would have typed it."""

import shlex
from difflib import SequenceMatcher

from ffmill.cli.local.plan import OURS, Plan
from ffmill.jobs import words


def as_typed(plan: Plan, corrected: str) -> str:
    """`corrected`, the plan's command with some words changed, with the user's own words wherever nothing was."""
    try:
        wanted = words.split(corrected)
    except words.Unclosed:
        return plan.local(corrected)
    typed = _Typed(plan)
    for change, begin, end, at, to in SequenceMatcher(None, plan.argv, wanted, autojunk=False).get_opcodes():
        for index in range(begin, end):
            typed.pass_by(index, kept=change == "equal")
        if change != "equal":
            typed.said += map(plan.local, wanted[at:to])
    return shlex.join(["ffmpeg", *typed.rest()])


class _Typed:
    """The user's words, one by one; those that were not sent, such as -y, stay where they are."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._at = 0  # the user's next word
        self.said: list[str] = []

    def pass_by(self, index: int, *, kept: bool) -> None:
        """A word of the command as it was sent."""
        of = self._plan.origins[index]
        if of == OURS or of < self._at:
            return
        self.said += self._plan.typed[self._at : of]
        self.said += [self._plan.typed[of]] if kept else []
        self._at = of + 1

    def rest(self) -> list[str]:
        """All words, with those at the end that were not sent."""
        return [*self.said, *self._plan.typed[self._at :]]
