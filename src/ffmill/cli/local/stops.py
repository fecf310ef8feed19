"""Why a command ends before anything is uploaded: in FFmpeg's words, with FFmpeg's exit codes."""

import errno
import os
from collections.abc import Sequence

from ffmill.errors import FfmillError

INVALID = 234  # 256 less EINVAL
INVALID_DATA = 183  # the last bits of AVERROR_INVALIDDATA
_INVALID_DATA = "Invalid data found when processing input"
REFUSED = 1
NOTHING_DONE = 0  # as FFmpeg 9 has it; older ones end with 1


class Stop(FfmillError):
    """FFmpeg would not even begin; `lines` are what it would say."""

    def __init__(self, lines: Sequence[str], exit_code: int) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
        self.exit_code = exit_code


def no_such_input(path: str, *, is_dir: bool = False) -> Stop:
    """An input is not there."""
    return unreadable(path, _error(errno.EISDIR if is_dir else errno.ENOENT))


def no_such_directory(path: str) -> Stop:
    """The directory of an output is not there."""
    return unwritable(path, _error(errno.ENOENT))


def same_file(path: str, number: int) -> Stop:
    """An output is an input too."""
    lines = (
        f"Output {path} same as Input #{number} - exiting",
        "FFmpeg cannot edit existing files in-place.",
        f"Error opening output file {path}.",
        "Error opening output files: Invalid argument",
    )
    return Stop(lines, INVALID)


def already_exists(path: str) -> Stop:
    """An output is there already, and nobody is to be asked."""
    return Stop((f"File '{path}' already exists. Exiting.", f"Error opening output file {path}."), NOTHING_DONE)


def not_overwriting(path: str) -> Stop:
    """An output is there already, and the user said no."""
    return Stop(("Not overwriting - exiting", f"Error opening output file {path}."), NOTHING_DONE)


def unwritable(path: str, error: OSError) -> Stop:
    """An output cannot be written."""
    why, code = error.strerror or str(error), exit_code_of(error)
    lines = (
        f"Error opening output {path}: {why}",
        f"Error opening output file {path}.",
        f"Error opening output files: {why}",
    )
    return Stop(lines, code)


def is_a_directory(path: str) -> Stop:
    """An output is a directory."""
    return unwritable(path, _error(errno.EISDIR))


def not_permitted(path: str) -> Stop:
    """An output is there, and not to be written."""
    return unwritable(path, _error(errno.EACCES))


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def exit_code_of(error: OSError) -> int:
    """What FFmpeg ends with for what the system says: the last eight bits of its negative number."""
    return -(error.errno or 1) % 256


def unreadable(path: str, error: OSError) -> Stop:
    """An input cannot be read."""
    why, code = error.strerror or str(error), exit_code_of(error)
    lines = (
        f"Error opening input: {why}",
        f"Error opening input file {path}.",
        f"Error opening input files: {why}",
    )
    return Stop(lines, code)


def unsafe_in_list(path: str) -> Stop:
    """A list of the concat demuxer names what that refuses unless -safe 0 is given."""
    why = os.strerror(errno.EPERM)
    lines = (
        f"Unsafe file name '{path}'",
        f"Error opening input: {why}",
        f"Error opening input files: {why}",
    )
    return Stop(lines, 256 - errno.EPERM)


def blocked_in_playlist(path: str) -> Stop:
    """A playlist names a file that the demuxer hls refuses."""
    lines = (
        f"Filename extension of '{path}' is not a common multimedia extension, blocked for security reasons.",
        "If you wish to override this adjust allowed_extensions, you can set it to 'ALL' to allow all",
        f"Error opening input: {_INVALID_DATA}",
        f"Error opening input files: {_INVALID_DATA}",
    )
    return Stop(lines, INVALID_DATA)


def names_itself(path: str) -> Stop:
    """A list names itself, or what names it."""
    lines = (f"{path} names itself", f"Error opening input files: {_INVALID_DATA}")
    return Stop(lines, INVALID_DATA)


def odd_name(path: str) -> Stop:
    """A name of outputs that cannot be sent; no words of FFmpeg's, which takes all names."""
    said = f"the output {path!r} cannot be called so here: a name is UTF-8 without line breaks and control characters"
    return Stop((said,), REFUSED)


def both_answers(path: str) -> Stop:
    """`-y` and `-n` together."""
    lines = (
        "Error, both -y and -n supplied. Exiting.",
        f"Error opening output file {path}.",
        "Error opening output files: Invalid argument",
    )
    return Stop(lines, INVALID)


def too_many_inputs(number: int, most: int) -> Stop:
    """More files than a job may have; no words of FFmpeg's, which knows no such limit."""
    said = (
        f"the command reads {number:,} files, and a job at most {most:,}: make videos of parts of them, and join these"
    )
    return Stop((said,), REFUSED)


def not_both_on_stdout() -> Stop:
    """`--json`, and an output on standard output."""
    return Stop(("--json is all that standard output may hold, and the command writes an output there",), REFUSED)


def missing_argument(option: str) -> Stop:
    """An option without its value."""
    lines = (
        f"Missing argument for option '{option}'.",
        "Error splitting the argument list: Invalid argument",
    )
    return Stop(lines, INVALID)
