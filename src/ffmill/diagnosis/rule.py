"""What a rule is: a line that FFmpeg says, and what to tell of it.

To add one, write the beginning of the line as a regular expression, with groups for its values, and a `Says` for what
is always the same, in the list of the file whose subject it is:

    Rule(
        r"Padded dimensions cannot be smaller than input dimensions",
        Says(FailureCode.BAD_FILTER_OPTION, "pad makes a picture larger, and was given a smaller size", "write …"),
    ),

Where the command must be looked at, write a function in place of `Says`: it takes the clue and gives a finding, or None
where it does not know after all. Rules are tried in order, each on all lines, so the one that says most comes first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ffmill.diagnosis import known
from ffmill.diagnosis.case import Said, Scene
from ffmill.diagnosis.problem import Problem
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Why a command failed."""

    code: FailureCode
    summary: str
    hint: str = ""
    mended: tuple[Word, ...] | None = None  # the words of the command that would work, where there is one sure way


@dataclass(frozen=True, kw_only=True, slots=True)
class Clue:
    """A line that a rule is about, in the command that it is about."""

    scene: Scene
    line: Said
    found: re.Match[str]

    def __getitem__(self, name: str) -> str:
        """A value that the expression of the rule names; empty where it found none."""
        return self.found.groupdict().get(name) or ""


_ROUNDS = 3

Explain = Callable[[Clue], Finding | None]


class Rule:
    """A line of FFmpeg, by how its text begins, and what it means."""

    def __init__(self, pattern: str, explain: Explain) -> None:
        self.pattern = re.compile(pattern)
        self._explain = explain

    def apply(self, scene: Scene) -> tuple[Finding, Said] | None:
        """What the rule finds, and in which line."""
        for line in scene.lines:
            found = self.pattern.match(line.text)
            if found and (finding := self._explain(Clue(scene=scene, line=line, found=found))):
                return finding, line
        return None


@dataclass(frozen=True, slots=True)
class Says:
    """Tells the same of every line; `{name}` stands for a group of the expression, `{speaker}` for who said it."""

    code: FailureCode
    summary: str
    hint: str = ""

    def __call__(self, clue: Clue) -> Finding:
        """The finding."""
        values = {"speaker": clue.line.speaker, **clue.found.groupdict(default="")}
        return Finding(code=self.code, summary=_filled(self.summary, values), hint=_filled(self.hint, values))


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


def told(problem: Problem, scene: Scene) -> Finding:
    """What is known of a command without running it, as a finding; all that is surely misspelled is mended at once."""
    return Finding(code=problem.code, summary=problem.message, hint=problem.hint, mended=_spelled_right(scene))


def _spelled_right(scene: Scene) -> tuple[Word, ...] | None:
    """A word that is mended may show that another one is wrong, as an encoder after a misspelled -vcodec."""
    argv, found = list(scene.argv), scene.problems
    for _ in range(_ROUNDS):
        for one in found:
            if one.replacement is None:
                return None
            argv[one.at] = one.replacement
        found = known.problems(argv, scene.build) if scene.build else []
        if not found:
            return tuple(Word(text=word, of=at) for at, word in enumerate(argv))
    return None


def first(rules: Sequence[Rule], scene: Scene) -> tuple[Finding, Said] | None:
    """What the first rule finds that finds something."""
    return next((found for rule in rules if (found := rule.apply(scene))), None)
