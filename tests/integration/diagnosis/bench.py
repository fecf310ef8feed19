"""Runs commands as a worker does, without a cage, and tells what their jobs would fail of."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ffmill.errors import CommandFailed
from ffmill.ffmpeg.build import Build
from ffmill.jobs.command import resolve
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job
from ffmill.worker import failures
from ffmill.worker.commands import FRONTS
from ffmill.worker.joblog import JobLog
from tests.running import job

PROGRESS = ("-progress", "pipe:3")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """An FFmpeg, what it says that it can, and a directory with inputs."""

    ffmpeg: Path
    build: Build
    inputs: Path

    def fails(self, command: str, directory: Path) -> Failure | None:
        """Runs a command over all inputs, and tells why it failed; None where it succeeded."""
        names = sorted(path.name for path in self.inputs.iterdir())
        outputs = outputs_of(command, names)
        argv = resolve([command], inputs=names, outputs=outputs).argvs[0]
        code, log = self._run(argv, directory)
        if code == 0:
            return None
        error = CommandFailed("ffmpeg failed", argv=argv, exit_code=code, said=log.errors())
        return failures.of(error, _job(command, names, outputs), Stage.COMMAND, 0, self.build)

    def _run(self, argv: Sequence[str], directory: Path) -> tuple[int, JobLog]:
        (directory / "outputs").mkdir(exist_ok=True)
        if not (directory / "inputs").exists():
            (directory / "inputs").symlink_to(self.inputs)
        front = [word for word in FRONTS["ffmpeg"] if word not in PROGRESS]
        done = subprocess.run(
            [self.ffmpeg, *front, *argv],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        log = JobLog()
        log.command(argv)
        log.feed(done.stderr)
        log.end("")
        return done.returncode % 256, log


def _job(command: str, inputs: Sequence[str], outputs: Sequence[str]) -> Job:
    made = job(input_files=dict.fromkeys(inputs, "https://example.org/x"), output_files=outputs)
    return replace(made, ffmpeg_commands=(command,))


def outputs_of(command: str, inputs: Sequence[str]) -> list[str]:
    """The names in placeholders that are no inputs."""
    return [name for name in dict.fromkeys(re.findall(r"\{\{(.*?)\}\}", command)) if name not in inputs]
