"""Runs the commands of an attempt, in order, each in a cage, the first in the one that was ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ffmill.errors import CommandFailed, FailureCode, InputFailed, LimitExceeded
from ffmill.jobs.model import Program
from ffmill.jobs.probing import MOST_BYTES
from ffmill.jobs.spill import spill
from ffmill.sandbox.cage import Cage, Exit
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace
from ffmill.worker.joblog import JobLog
from ffmill.worker.meter import Meter
from ffmill.worker.progress import ProgressReader
from ffmill.worker.slots import Slot

MIB = 1 << 20
SIGNALLED = 128  # exit codes from there on: a signal ended it

# `level+`: every line says how severe it is, so that ffmpeg's own errors can be told from its chatter.
FRONT = (
    "-hide_banner",
    "-nostdin",
    "-y",
    "-loglevel",
    "level+info",
    "-nostats",
    "-stats_period",
    "0.5",
    "-progress",
    "pipe:3",
)
FRONTS: Mapping[Program, Sequence[str]] = {
    "ffmpeg": FRONT,
    "ffprobe": ("-hide_banner", "-loglevel", "level+error"),
}


class Commands:
    """Runs commands for one attempt; its log and its progress are filled as they run."""

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        slot: Slot,
        log: JobLog,
        progress: ProgressReader,
        *,
        meter: Meter,
        program: Program,
    ) -> None:
        self._sandbox = sandbox
        self._limits = replace(limits, file_bytes=MOST_BYTES) if program == "ffprobe" else limits
        self._slot = slot
        self._log = log
        self._progress = progress
        self._meter = meter
        self._program: Program = program

    async def run(self, argvs: Sequence[Sequence[str]]) -> None:
        """Runs all; raises CommandFailed or LimitExceeded at the first that does not succeed."""
        workspace, cage = await self._slot.ready()
        for index, argv in enumerate(argvs):
            self._progress.command(index, argv)
            self._log.command(argv, self._program)
            if index == 0:
                done = await self._run(cage, workspace, argv)
            else:
                async with self._sandbox.cage(workspace) as next_cage:
                    done = await self._run(next_cage, workspace, argv)
            self._log.end(account(done))
            judge(argv, done, self._log.errors(), self._limits, self._program)

    async def _run(self, cage: Cage, workspace: Workspace, argv: Sequence[str]) -> Exit:
        words, files = spill(argv)
        for name, text in files.items():
            workspace.write(name, text)
        with self._meter.command(cage):
            return await cage.run(
                [*FRONTS[self._program], *words],
                self._limits,
                program=self._program,
                on_progress=self._progress.feed,
                on_stderr=listener(self._log, self._progress),
            )


def listener(log: JobLog, progress: ProgressReader) -> Callable[[bytes], None]:
    """Takes ffmpeg's words into the log, and the durations among them into the progress."""

    def take(chunk: bytes) -> None:
        for line in log.feed(chunk):
            progress.banner(line)

    return take


def account(done: Exit) -> str:
    """The line that ends a command in the log."""
    return (
        f"exit code {done.code} after {done.wall_seconds:.2f} s; CPU {done.cpu_seconds:.2f} s,"
        f" peak memory {done.peak_memory_bytes / MIB:.0f} MiB"
    )


def judge(argv: Sequence[str], done: Exit, errors: Sequence[str], limits: Limits, program: Program) -> None:
    """Raises what the job fails with, unless the command succeeded."""
    said = "\n".join([f"{program} exited with code {done.code}", *errors])
    if done.limit is not None:
        raise LimitExceeded(done.limit if done.code == 0 else f"{done.limit}\n{said}", limits.code(done.limit))
    if program == "ffprobe" and 0 < done.code < SIGNALLED:  # its words are ours: only the input can be wrong
        raise InputFailed(said, FailureCode.INPUT_NOT_MEDIA)
    if done.code != 0:
        raise CommandFailed(said, argv=argv, exit_code=done.code, said=errors)
