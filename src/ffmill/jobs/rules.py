"""The rules that a submission must pass before it becomes a job: all that can be known without running it."""

from collections.abc import Sequence
from dataclasses import replace

from ffmill.errors import BadRequest
from ffmill.jobs import command, gpu, probing, spill
from ffmill.jobs.command import Resolved
from ffmill.jobs.model import Job, Submission

CPU, NVIDIA = "cpu", "nvidia"


def admit(submission: Submission, machines: Sequence[str]) -> Submission:
    """The submission as it will run, on a pool that there is, with warnings for what that changed.

    Raises BadRequest that says which rule fails and what to write instead.
    """
    resolved = resolve(submission)
    for argv in resolved.argvs:
        spill.spill(argv)
    machine, moved = place(submission.machine, machines, resolved.argvs)
    return replace(submission, machine=machine, warnings=(*submission.warnings, *resolved.warnings, *moved))


def resolve(asked: Submission | Job) -> Resolved:
    """The commands, ready to run; raises BadRequest."""
    if asked.program == "ffprobe":
        return probing.resolve(asked)
    return command.resolve(asked.ffmpeg_commands, inputs=list(asked.input_files), outputs=asked.output_files)


def place(machine: str, machines: Sequence[str], argvs: Sequence[Sequence[str]]) -> tuple[str, tuple[str, ...]]:
    """The pool for these commands, of those that there are, and warnings for another one than was asked for.

    Raises BadRequest where there is none.
    """
    if machine in machines:
        return machine, ()
    if machine != NVIDIA or CPU not in machines:
        raise BadRequest(f'there is no machine "{machine}" here; there are: {", ".join(machines)}')
    if need := gpu.needs(argvs):
        raise BadRequest(
            f"{need.word} needs an NVIDIA GPU, and there is no nvidia machine here; on the cpu, {need.counterpart}"
        )
    return CPU, ('there is no nvidia machine here; nothing in the commands needs a GPU, so the job runs on "cpu"',)
