"""The log files of encoding in two passes: written by the first, read by the second."""

from posixpath import basename, dirname, join

from ffmill.cli.local.files import Files
from ffmill.cli.local.targets import Targets
from ffmill.cli.local.uploads import LocalFile, Uploads, harmless
from ffmill.jobs.options import File

_PREFIX = "ffmpeg2pass"  # default of -passlogfile
_NUMBER = "pass"
_OF_ENCODER = {"x265-params": "x265_2pass.log", "x264-params": "x264_2pass.log", "x264opts": "x264_2pass.log"}


class Passes:
    """Takes in the logs, and gives the words that stand for them there."""

    def __init__(self, files: Files, uploads: Uploads, targets: Targets) -> None:
        self._files = files
        self._uploads = uploads
        self._targets = targets

    def of(self, file: File) -> list[str]:
        """The words to add before an output."""
        if (number := file.last(_NUMBER)) is None:
            return []
        return ["-passlogfile", self._log(file.last("passlogfile") or _PREFIX, reads=number == "2")]

    def parameters(self, option: str, value: str) -> str:
        """The value of an encoder's own parameters, `pass` and `stats` among them."""
        parts = value.split(":")
        told = {part.partition("=")[0]: part.partition("=")[2] for part in parts}
        if option not in _OF_ENCODER or _NUMBER not in told:
            return value
        log = self._log(told.get("stats") or _OF_ENCODER[option], reads=told[_NUMBER] == "2")
        return ":".join([*(part for part in parts if not part.startswith("stats=")), f"stats={log}"])

    def _log(self, prefix: str, *, reads: bool) -> str:
        if not reads:
            return f"outputs/{self._targets.family(prefix)}"
        begun, plain = basename(prefix), harmless(basename(prefix))
        for name in self._files.names(dirname(prefix)):
            if name.startswith(begun) and ".log" in name:
                self._uploads.put(plain + name[len(begun) :], LocalFile(path=join(dirname(prefix), name)))
        return f"inputs/{plain}"
