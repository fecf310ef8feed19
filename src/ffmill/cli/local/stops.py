"""Why a command ends before anything is uploaded: in FFmpeg's words, with FFmpeg's exit codes."""

from collections.abc import Sequence

from ffmill.errors import FfmillError

NO_SUCH_FILE, IS_A_DIRECTORY, INVALID = 254, 235, 234  # 256 less ENOENT, EISDIR, EINVAL
REFUSED = 1


class Stop(FfmillError):
    """FFmpeg would not even begin; `lines` are what it would say."""

    def __init__(self, lines: Sequence[str], exit_code: int) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
        self.exit_code = exit_code


def no_such_input(path: str, *, is_dir: bool = False) -> Stop:
    """An input is not there."""
    why = "Is a directory" if is_dir else "No such file or directory"
    lines = (
        f"Error opening input: {why}",
        f"Error opening input file {path}.",
        f"Error opening input files: {why}",
    )
    return Stop(lines, IS_A_DIRECTORY if is_dir else NO_SUCH_FILE)


def no_such_directory(path: str) -> Stop:
    """The directory of an output is not there."""
    why = "No such file or directory"
    lines = (
        f"Error opening output {path}: {why}",
        f"Error opening output file {path}.",
        f"Error opening output files: {why}",
    )
    return Stop(lines, NO_SUCH_FILE)


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
    """An output is there already; FFmpeg 9 ends with 0 here, older ones with 1, which tells scripts."""
    return Stop((f"File '{path}' already exists. Exiting.", f"Error opening output file {path}."), REFUSED)


def not_overwriting(path: str) -> Stop:
    """An output is there already, and the user said no."""
    return Stop(("Not overwriting - exiting", f"Error opening output file {path}."), REFUSED)


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
