"""What a command writes: files, patterns, files whose names FFmpeg makes up, standard output, or nothing."""

import re
from collections.abc import Iterator
from posixpath import dirname, splitext

from ffmill.cli.local import stops
from ffmill.cli.local.files import Files
from ffmill.cli.local.quoting import escaped, token
from ffmill.cli.local.targets import Targets, fixed_directory
from ffmill.jobs.options import HARDWARE, File, Line, set_of

_MAKING_NAMES = set_of("hls dash segment ssegment stream_segment smoothstreaming hds webm_chunk webm_dash_manifest")
_BY_SUFFIX = {".m3u8": "hls", ".mpd": "dash", ".ism": "smoothstreaming"}
_STDOUT = re.compile(r"-|(?:pipe|fd):1?|/dev/stdout|/dev/fd/1|/proc/self/fd/1")
_NUMBERED = re.compile(r"%(?:0?[0-9]*d|[A-Za-z])")
_SLAVE = re.compile(r"(?P<options>\[[^\]]*\])?(?P<path>.*)", re.DOTALL)
_SLAVE_FORMAT = re.compile(r"[\[:]f=([^\]:]*)")
_NOT_SEEKABLE = ("-seekable", "0")  # as a pipe is: what FFmpeg writes to one differs from what it writes to a file
_NOTHING = "/dev/null"
_ELSEWHERE = ("/dev/", "pipe:", "fd:")  # such as standard error


def is_standard_output(path: str) -> bool:
    """Whether it is what FFmpeg writes to its standard output."""
    return _STDOUT.fullmatch(path) is not None


def home_of(line: Line) -> str:
    """The directory of the first output from whose name FFmpeg makes others."""
    for file in line.outputs:
        if _makes_names(file.last("f"), file.path):
            return fixed_directory(file.path)
    return ""


class Outputs:
    """Takes in outputs, and gives the words that stand for them there."""

    def __init__(self, files: Files, targets: Targets) -> None:
        self._files = files
        self._targets = targets
        self.to_stdout: list[str] = []  # names there
        self.claims: list[str] = []  # local paths that ffmpeg would ask about

    def of(self, file: File) -> tuple[list[str], str]:
        """The words to add before an output, and the word for it; raises Stop where it cannot be written."""
        format_ = file.last("f")
        if format_ == "null" or format_ in HARDWARE or file.path == _NOTHING:
            return [], file.path
        if _STDOUT.fullmatch(file.path):
            is_pipe = file.path.startswith("pipe:") or not self._files.is_seekable("stdout")
            return list(_NOT_SEEKABLE) if is_pipe else [], self.written(file.path)
        if format_ == "tee":
            return [], "|".join(self._slaves(file.path))
        return [], self._placed(file.path, format_)

    def written(self, path: str) -> str:
        """The word for something that an option or a filter writes."""
        if _STDOUT.fullmatch(path):
            name = f"stdout-{len(self.to_stdout) + 1}"
            self.to_stdout.append(name)
            return f"outputs/{self._targets.known(name, '-')}"
        if "://" in path or path.startswith(_ELSEWHERE) or not path:
            return path
        plain = path.removeprefix("file:")
        return f"outputs/{self._targets.family(plain) if _NUMBERED.search(plain) else self._targets.file(plain)}"

    def series(self, path: str) -> str:
        """The word for what belongs to files of made-up names: their pattern, or a list of them."""
        return self.written(path) if _STDOUT.fullmatch(path) else f"outputs/{self._targets.family(path)}"

    def _slaves(self, path: str) -> Iterator[str]:
        """FFmpeg formats documentation, "tee"."""
        at = 0
        while at < len(path):
            slave, end = token(path, at, "|")
            found = _SLAVE.fullmatch(slave)
            options, plain = (found["options"] or "", found["path"]) if found else ("", slave)
            format_ = of_slave[1] if (of_slave := _SLAVE_FORMAT.search(options)) else None
            yield escaped(options + self._placed(plain, format_), "|")
            at = end + 1

    def _placed(self, path: str, format_: str | None) -> str:
        plain = path.removeprefix("file:")
        if "://" in plain:
            return path
        if (directory := dirname(plain)) and "%" not in directory and not self._files.is_dir(directory):
            raise stops.no_such_directory(plain)
        if _makes_names(format_, plain):
            return f"outputs/{self._targets.family(plain)}"
        if not _is_pattern(format_, plain):
            self.claims.append(plain)
        return self.written(plain)


def _makes_names(format_: str | None, path: str) -> bool:
    return (format_ or _BY_SUFFIX.get(splitext(path)[1].lower())) in _MAKING_NAMES


def _is_pattern(format_: str | None, path: str) -> bool:
    return format_ in (None, "image2") and _NUMBERED.search(path) is not None
