"""What an `-i` names: a file, several files by one word, a file that names others, a URL, or no file at all."""

import re
from collections.abc import Callable
from posixpath import basename, dirname, join, relpath, splitext

from ffmill.cli.local import manifests, sequences, stops
from ffmill.cli.local.files import STDIN, Files
from ffmill.cli.local.stops import no_such_input
from ffmill.cli.local.uploads import LocalFile, StandardInput, Text, Uploads
from ffmill.jobs.options import File

_URL = re.compile(r"https?://", re.IGNORECASE)
_STDIN = re.compile(r"-|(?:pipe|fd):0?|/dev/stdin|/dev/fd/0|/proc/self/fd/0")
_WRAPPING = re.compile(r"(?:(?:cache|async|crypto):|subfile,[^:]*,:)*")  # protocols that read another one
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_SEEKABLE = ("-seekable", "0")  # as a pipe is, so that FFmpeg reads it as one
_COMPANIONS = {".idx": ".sub"}  # what a demuxer opens beside the file that it is given
_CONCATF = "concatf:"
_BARE = File(at=0, path="", options=())


def is_standard_input(path: str) -> bool:
    """Whether it is what FFmpeg reads from its standard input."""
    return _STDIN.fullmatch(path) is not None


class Sources:
    """Takes in inputs, and gives the words that stand for them there."""

    def __init__(self, files: Files, uploads: Uploads) -> None:
        self._files = files
        self._uploads = uploads
        self._lists: dict[str, bool] = {}  # files that name others: whether they are read
        self.strays: list[str] = []  # what lists name outside of their own directories

    def of(self, file: File) -> tuple[list[str], str]:
        """The words to add before its `-i`, and the word after it; raises Stop for a file that is not there."""
        if is_standard_input(file.path):
            is_pipe = file.path.startswith("pipe:") or not self._files.is_seekable("stdin")
            return list(_NOT_SEEKABLE) if is_pipe else [], f"inputs/{self._standard_input(file)}"
        return [], self.path(file.path, file)

    def path(self, path: str, file: File = _BARE) -> str:
        """The word for something to read; `file` has the options that stand before it."""
        if _URL.match(path):
            return f"inputs/{self._uploads.url(path)}"
        if path.startswith("concat:"):
            return "concat:" + "|".join(self.path(part) for part in path[7:].split("|"))
        if path.startswith(_CONCATF):
            return "concat:" + "|".join(self.path(part) for part in self._parts(path.removeprefix(_CONCATF)))
        before = found[0] if (found := _WRAPPING.match(path)) else ""
        plain = path[len(before) :]
        if _SCHEME.match(plain) and not plain.startswith("file:") and not self._files.is_file(plain):
            return path  # some other protocol: the service says what it thinks of it
        return f"{before}inputs/{self._local(plain.removeprefix('file:'), file)}"

    def _parts(self, path: str) -> list[str]:
        """What a list of the protocol concatf names, a file on each line."""
        if not self._files.is_file(path):
            raise no_such_input(path)
        return manifests.lines(self._files.read(path))

    def _standard_input(self, file: File) -> str:
        is_list = file.last("f") == "concat"
        upload = Text(text=self._list(self._files.read(STDIN), "", file)) if is_list else StandardInput()
        return self._uploads.add(upload, "stdin")

    def _local(self, path: str, file: File) -> str:
        format_, suffix = file.last("f"), splitext(path)[1].lower()
        if file.last("pattern_type") == "glob":
            return sequences.of_glob(path, self._files, self._uploads)
        if format_ in (None, "image2") and sequences.is_numbered(path) and not self._files.is_file(path):
            return sequences.of_numbers(path, file, self._files, self._uploads)
        name = self._uploads.file(path)
        if format_ == "concat" or suffix == ".ffconcat":
            self._once(path, name, lambda: self._list(self._files.read(path), path, file))
        elif format_ == "hls" or suffix in (".m3u8", ".m3u"):
            self._once(path, name, lambda: self._playlist(path, file))
        elif companion := _COMPANIONS.get(suffix):
            self._bring_beside(path, name, companion)
        return name

    def _once(self, path: str, name: str, read: Callable[[], str]) -> None:
        """Takes in a file that names others, once, however many name it; raises Stop for one that names itself."""
        if path in self._lists:
            if not self._lists[path]:
                raise stops.names_itself(path)
            return
        self._lists[path] = False
        self._uploads.put(name, Text(text=read()))
        self._lists[path] = True

    def _list(self, text: str, path: str, file: File) -> str:
        def naming(named: str) -> str:
            if file.last("safe") != "0" and not manifests.is_safe(named):
                raise stops.unsafe_in_list(named)
            return self._named_in(path, named)

        return manifests.concat_list(text, naming)

    def _playlist(self, path: str, file: File) -> str:
        allowed = file.last("allowed_extensions") or manifests.EXTENSIONS

        def naming(named: str) -> str:
            if "://" not in named and not manifests.is_allowed(named, allowed):
                raise stops.blocked_in_playlist(named)
            return self._named_in(path, named)

        return manifests.playlist(self._files.read(path), naming)

    def _named_in(self, manifest: str, named: str) -> str:
        """The name, beside the manifest, of what it names: a file of the disk, or something on the web."""
        if _URL.match(named):
            return basename(self.path(named))
        path = join(dirname(manifest), named.removeprefix("file://").removeprefix("file:"))
        if not self._files.is_regular(path):
            raise no_such_input(path)
        if relpath(path, dirname(manifest) or ".").startswith(("..", "/")):
            self.strays.append(path)
        return basename(self.path(path))

    def _bring_beside(self, path: str, name: str, suffix: str) -> None:
        beside = splitext(path)[0] + suffix
        if self._files.is_file(beside):
            self._uploads.add(LocalFile(path=beside), splitext(name)[0] + suffix)
