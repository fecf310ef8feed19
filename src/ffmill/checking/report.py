"""What rules, the lists of an FFmpeg and advice say of a submission, put together."""

from collections.abc import Iterator, Sequence
from itertools import islice

from ffmill.checking.advice import advise
from ffmill.checking.finding import Advice, Finding, Remark, Report
from ffmill.checking.refused import Read
from ffmill.diagnosis import known
from ffmill.diagnosis.draft import Draft
from ffmill.diagnosis.problem import Problem
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build
from ffmill.jobs import gpu
from ffmill.jobs.mending import Word, rewritten
from ffmill.jobs.model import Submission
from ffmill.jobs.rules import CPU, NVIDIA

MOST_FOUND = 200  # pieces of advice, and names that are not known
MENDED = 8192  # characters of a command that is written anew for each finding; longer ones take too long


def report(asked: Submission, found: Read, build: Build | None) -> Report:
    """The report on a submission, as the rules have read it; `build` is the FFmpeg that would run it, if known."""
    problems = [*found.problems, *_without_gpu(asked, found)]
    warnings = list(found.warnings)
    if build is None:
        warnings.append(_not_checked(found.machine))
    else:
        problems += islice(_unknown(asked, found, build), MOST_FOUND)
    advised = islice(advise(found.argvs, asked.output_files), MOST_FOUND)
    warnings += (_said(asked, index, remark, remark.words) for index, remark in advised)
    return Report(argvs=found.argvs, problems=_in_order(problems), warnings=_in_order(warnings))


def _unknown(asked: Submission, found: Read, build: Build) -> Iterator[Finding]:
    """What the commands name that this FFmpeg does not know."""
    for index, argv in enumerate(found.argvs):
        for problem in known.problems(argv, build) if argv else ():
            yield _said(asked, index, problem, _mended(argv or (), problem))


def _mended(argv: Sequence[str], problem: Problem) -> Sequence[Word]:
    """The words of the command with that one replaced; none where that is not sure."""
    return () if problem.replacement is None else Draft(argv).replace(problem.at, problem.replacement).words


def _said(asked: Submission, index: int, said: Remark | Problem, words: Sequence[Word]) -> Finding:
    command = asked.ffmpeg_commands[index]
    inputs, outputs = list(asked.input_files), asked.output_files
    mended = rewritten(command, words, inputs=inputs, outputs=outputs) if words and len(command) <= MENDED else None
    return Finding(code=said.code, message=said.message, command_index=index, hint=said.hint, corrected_command=mended)


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Those of the whole submission first, then each command's."""
    return sorted(findings, key=lambda one: -1 if one.command_index is None else one.command_index)


def _without_gpu(asked: Submission, found: Read) -> Iterator[Finding]:
    """What needs a GPU and would run where there is none."""
    for index, argv in enumerate(found.argvs):
        if asked.machine == found.machine == CPU and argv and (need := gpu.needs([argv])):
            yield Finding(
                code=FailureCode.GPU_UNAVAILABLE,
                message=f'{need.word} needs an NVIDIA GPU, and the machine "{CPU}" has none',
                command_index=index,
                hint=f'{need.counterpart}, or ask for the machine "{NVIDIA}" where there is one',
            )


def _not_checked(machine: str) -> Finding:
    return Finding(
        code=Advice.NOT_CHECKED,
        message=f'no worker of the machine "{machine}" has told yet what its FFmpeg can: options, encoders, '
        "filters and formats were not looked up",
    )
