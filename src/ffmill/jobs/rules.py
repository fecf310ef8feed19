"""The rules that a submission must pass before it becomes a job: all that can be known without running it."""

from collections.abc import Sequence
from dataclasses import replace

from ffmill.errors import BadRequest
from ffmill.jobs import command, gpu, spill
from ffmill.jobs.model import Submission

CPU, NVIDIA = "cpu", "nvidia"


def admit(submission: Submission, machines: Sequence[str]) -> Submission:
    """The submission as it will run, on a pool that there is, with warnings for what that changed.

    Raises BadRequest that says which rule fails and what to write instead.
    """
    resolved = command.resolve(
        submission.ffmpeg_commands, inputs=list(submission.input_files), outputs=submission.output_files
    )
    for argv in resolved.argvs:
        spill.spill(argv)
    machine, moved = _place(submission.machine, machines, resolved.argvs)
    return replace(submission, machine=machine, warnings=(*submission.warnings, *resolved.warnings, *moved))


def _place(machine: str, machines: Sequence[str], argvs: Sequence[Sequence[str]]) -> tuple[str, tuple[str, ...]]:
    if machine in machines:
        return machine, ()
    if machine != NVIDIA or CPU not in machines:
        raise BadRequest(f'there is no machine "{machine}" here; there are: {", ".join(machines)}')
    if need := gpu.needs(argvs):
        raise BadRequest(
            f"{need.word} needs an NVIDIA GPU, and there is no nvidia machine here; on the cpu, {need.counterpart}"
        )
    return CPU, ('there is no nvidia machine here; nothing in the commands needs a GPU, so the job runs on "cpu"',)
