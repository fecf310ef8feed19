"""Every rule that a submission breaks, where creating a job stops at the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ffmill.accounts.model import Terms
from ffmill.checking.finding import Advice, Finding
from ffmill.errors import BadRequest, Forbidden, Refusal
from ffmill.jobs import gpu, names, rules
from ffmill.jobs.command import Reading
from ffmill.jobs.model import Submission
from ffmill.jobs.spill import spill
from ffmill.usage import quotas


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A submission's commands as they were read, and what the rules say."""

    machine: str  # the pool that would run them
    argvs: list[tuple[str, ...] | None] = field(default_factory=list[tuple[str, ...] | None])
    problems: list[Finding] = field(default_factory=list[Finding])
    warnings: list[Finding] = field(default_factory=list[Finding])


def read(asked: Submission, machines: Sequence[str], terms: Terms) -> Read:
    """Applies all the rules that need nothing but the submission and the account's terms."""
    machine, moved, unplaced = _placed(asked, machines)
    found = Read(machine=machine)
    found.warnings.extend(map(changed, asked.warnings))
    found.problems.extend(map(refused, names.refusals(list(asked.input_files), asked.output_files)))
    _read_commands(asked, [asked.machine] if unplaced else machines, found)
    if gpu.needs(list(filter(None, found.argvs))) is None:
        found.warnings.extend(map(changed, moved))
    found.problems.extend(map(refused, [*unplaced, *_not_allowed(asked, machine, terms)]))
    return found


def refused(refusal: Refusal, index: int | None = None) -> Finding:
    """A refusal as a problem; of the command of this index."""
    return Finding(code=refusal.code, message=refusal.message, command_index=index)


def changed(what: str, index: int | None = None) -> Finding:
    """Something that would be done differently from what was asked."""
    return Finding(code=Advice.CHANGED, message=what, command_index=index)


def _read_commands(asked: Submission, machines: Sequence[str], found: Read) -> None:
    reading = Reading(list(asked.input_files), asked.output_files)
    for index, command in enumerate(asked.ffmpeg_commands):
        try:
            argv, warnings = reading.words(command)
        except BadRequest as refusal:
            found.argvs.append(None)
            found.problems.append(refused(refusal, index))
            continue
        found.argvs.append(argv)
        found.warnings.extend(changed(warning, index) for warning in warnings)
        found.problems.extend(refused(refusal, index) for refusal in _broken(reading, argv, asked, machines))
    found.problems.extend(map(refused, reading.unwritten()))


def _broken(
    reading: Reading, argv: tuple[str, ...], asked: Submission, machines: Sequence[str]
) -> Iterator[BadRequest]:
    """The rules that one command breaks, whatever the others do."""
    checks = (
        lambda: reading.check(argv),
        lambda: spill(argv),
        lambda: rules.place(asked.machine, machines, [argv]),
    )
    for check in checks:
        try:
            check()
        except BadRequest as refusal:
            yield refusal


def _placed(asked: Submission, machines: Sequence[str]) -> tuple[str, tuple[str, ...], list[BadRequest]]:
    """The pool for commands that need nothing of it."""
    try:
        return *rules.place(asked.machine, machines, []), []
    except BadRequest as refusal:
        return asked.machine, (), [refusal]


def _not_allowed(asked: Submission, machine: str, terms: Terms) -> Iterator[Forbidden]:
    try:
        quotas.check_terms(terms, asked=asked.machine, machine=machine, timeout_seconds=asked.timeout_seconds)
    except Forbidden as refusal:
        yield refusal
