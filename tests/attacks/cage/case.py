"""What a case of the attack is: one command, and what it leaves alone."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ffmill.sandbox.cage import Program
from ffmill.sandbox.limits import MIB, Limits

SMALL = Limits(  # enough for every harmless command here
    file_bytes=32 * MIB, job_bytes=64 * MIB, memory_bytes=512 * MIB, threads=256, open_files=256, files=1000
)

Places = Mapping[str, str]  # what stands for what in commands and files: {secret} for the path of a host's file
SetUp = Callable[[Path, Places], None]  # done in the job's directory before the command runs


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile command. Whatever it is, no canary is read, written, reached or seen; that is not said again here."""

    name: str
    command: str  # as a shell would split it, without a shell; {…} are places
    inputs: Mapping[str, str | bytes] = field(default_factory=dict[str, str | bytes])  # in texts too {…} are places
    bare: bool = False  # whether it gets at a canary where there is no cage: so the attack is a real one
    fails: bool = False  # whether the command must fail
    empty: bool = False  # whether it must leave nothing but empty files
    limit: str = ""  # the limit that must end it, as its sentence has it
    until: str = ""  # what it says, as a regular expression, when it is at work, and is cancelled then
    limits: Limits = SMALL
    set_up: SetUp | None = None
    program: Program = "ffmpeg"

    def argv(self, places: Places) -> list[str]:
        """The words that ffmpeg gets."""
        return [fill(word, places) for word in shlex.split(self.command)]

    def files(self, places: Places) -> dict[str, bytes]:
        """The inputs, by name."""
        return {
            name: fill(content, places).encode() if isinstance(content, str) else content
            for name, content in self.inputs.items()
        }


def fill(text: str, places: Places) -> str:
    """The text with its places filled in; other braces are left as they are."""
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text


VIDEO, SOUND = "-f lavfi -i testsrc2=s=64x64:r=5:d=0.4", "-f lavfi -i sine=d=0.2"
NONE = "-f null -"


def reading(url: str, options: str = "") -> str:
    """The command that copies what it reads from there, byte by byte, into an output."""
    return f"{options} -f data -i {shlex.quote(url)} -map 0 -c copy -f data outputs/x"


def filtering(graph: str, options: str = "") -> str:
    """The command that sends a little video through a filter graph."""
    return f"{options} {VIDEO} -vf {shlex.quote(graph)} {NONE}"
