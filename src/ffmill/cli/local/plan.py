"""What becomes of a local ffmpeg command: what goes up, what runs, and what comes down where."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from posixpath import join

from ffmill.cli.local.speech import Speech
from ffmill.cli.local.targets import Places
from ffmill.cli.local.uploads import LocalFile, StandardInput, Text, Upload, Url

END_MARK = "ended"  # an output that is written where the command writes none, since a job must have one
MARKING = f"-f lavfi -i anullsrc=r=8000:d=0.01 -f u8 outputs/{END_MARK}"

OURS = -1  # a word of no user


class Aim(Enum):
    """What a command is for."""

    WRITE = auto()
    ANSWER = auto()  # it prints what it is asked for, as with `-encoders`
    LOOK = auto()  # it names no output: ffmpeg tells of its inputs, and that it wants an output


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A local command, ready to become a job."""

    typed: tuple[str, ...]  # the user's words
    argv: tuple[str, ...]  # as FFmpeg gets it there
    origins: tuple[int, ...]  # of each of those words: the index of the user's, or OURS
    inputs: Mapping[str, Upload]
    output_files: tuple[str, ...]  # empty where nothing is written
    places: Places
    strays: tuple[str, ...]  # local files that go up because lists name them, outside of the lists' directories
    to_stdout: tuple[str, ...]  # names of outputs for our standard output
    tells_progress: bool  # to our standard output, block by block
    claims: tuple[str, ...]  # local paths that ffmpeg would ask about if they were there
    overwrite: bool | None  # -y, -n, neither
    asks: bool  # whether FFmpeg would read an answer from standard input
    speech: Speech
    aim: Aim

    @property
    def commands(self) -> tuple[str, ...]:
        """The job's commands."""
        command = shlex.join(self.argv)
        return (command,) if self.output_files else (command, MARKING)

    @property
    def asked_for(self) -> tuple[str, ...]:
        """The job's `output_files`."""
        return self.output_files or (END_MARK,)

    def local(self, text: str) -> str:
        """Text of FFmpeg, or of the service about this command, with local paths in it and without words of ours."""
        for word in self.speech.words:
            text = text.replace(f"{word} ", "")
        there = {f"inputs/{name}": _shown(upload, name) for name, upload in self.inputs.items()}
        there |= {f"outputs/{name}": path for name, path in self.places.known.items()}
        for path in sorted(there, key=len, reverse=True):  # one may begin with another
            text = text.replace(path, there[path])
        return text.replace("outputs/", join(self.places.directories[""], ""))


def _shown(upload: Upload, name: str) -> str:
    match upload:
        case LocalFile(path=path):
            return path
        case Url(url=url):
            return url
        case StandardInput():
            return "-"
        case Text():
            return name
