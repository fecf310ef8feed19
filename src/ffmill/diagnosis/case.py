"""A command that failed, and what rules read of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ffmill.diagnosis import known
from ffmill.diagnosis.draft import Draft
from ffmill.diagnosis.problem import Problem
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build
from ffmill.jobs import options
from ffmill.jobs.model import Job
from ffmill.jobs.options import File, Line, Option

LINES, CHARACTERS = 40, 1000  # of what was said: as much of it is read
_CONTEXT = re.compile(r"\[([^\]\n]{1,200}?)(?: @ 0x[0-9a-f]+)?\] ")
_FILTER = re.compile(r"Parsed_(?P<name>\w+)_\d+")  # libavfilter/graphparser.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A command that failed."""

    job: Job
    index: int  # of the command, from 0
    argv: tuple[str, ...]  # as ffmpeg got it, without what we put before it
    exit_code: int  # 128 + n after signal n
    said: tuple[str, ...]  # ffmpeg's own error lines, or its last lines where it marked none
    build: Build | None  # the FFmpeg that ran it, where that is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A line of FFmpeg: `[vost#0:0 @ 0x…] [enc:aac @ 0x…] text`."""

    whole: str
    text: str  # without the contexts before it
    contexts: tuple[str, ...]

    @property
    def filter(self) -> str | None:
        """The filter that said it."""
        found = (_FILTER.fullmatch(context) for context in self.contexts)
        return next((match["name"] for match in found if match), None)

    @property
    def speaker(self) -> str:
        """Who said it: an encoder, a format, a filter; empty where nobody is named."""
        return self.filter or (self.contexts[-1].partition(":")[2] or self.contexts[-1] if self.contexts else "")

    def number(self, prefix: str) -> int | None:
        """The number in a context as `out#1/mp4`, which begins with `prefix`."""
        for context in self.contexts:
            if found := re.match(rf"{prefix}#(\d+)", context):
                return int(found[1])
        return None


def said(line: str) -> Said:
    """A line taken apart."""
    line = line[:CHARACTERS]
    contexts, at = list[str](), 0
    while found := _CONTEXT.match(line, at):
        contexts.append(found[1])
        at = found.end()
    contexts = [context for context in contexts if context != "Eval"]
    return Said(whole=line, text=line[at:].strip(), contexts=tuple(contexts))


class Scene:
    """What rules ask of a failed command."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.argv = case.argv
        self.build = case.build
        self.lines = tuple(said(line) for line in case.said[:LINES])

    @cached_property
    def line(self) -> Line:
        """The command as ffmpeg reads it."""
        return options.read(self.argv)

    @cached_property
    def problems(self) -> list[Problem]:
        """What the lists of this FFmpeg tell to be wrong, without what it said."""
        return known.problems(self.argv, self.build) if self.build else []

    def problem(self, name: str, *codes: FailureCode) -> Problem | None:
        """The known problem with a name, of one of these codes."""
        return next((one for one in self.problems if one.code in codes and name in self.argv[one.at]), None)

    def says(self, text: str) -> bool:
        """Whether a line holds this text."""
        return any(text in line.text for line in self.lines)

    def draft(self) -> Draft:
        """The command, to be mended."""
        return Draft(self.argv)

    def options(self, *names: str, at: File | None = None) -> Iterator[Option]:
        """The options of these names, of one file or of all."""
        return (option for option in (at.options if at else self.line.options) if option.name in names)

    def takes_no_value(self, option: Option) -> bool:
        """Whether the option is one word, without the value that most have."""
        return option.name in options.FLAGS or option.name.removeprefix("no") in options.FLAGS

    def input(self, line: Said) -> File | None:
        """The input that a line is about: the one that it names, or the only one."""
        inputs = self.line.inputs
        number = line.number("in")
        if number is None:
            return inputs[0] if len(inputs) == 1 else None
        return inputs[number] if number < len(inputs) else None

    def output(self, number: int | None = None) -> File | None:
        """The output of this number; without one, the only output."""
        outputs = self.line.outputs
        if number is None:
            return outputs[0] if len(outputs) == 1 else None
        return outputs[number] if number < len(outputs) else None

    def file(self, path: str) -> File | None:
        """The first input or output of this path."""
        return next((file for file in (*self.line.inputs, *self.line.outputs) if file.path == path), None)
