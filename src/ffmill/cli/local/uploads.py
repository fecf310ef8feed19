"""The inputs that a command needs, each under a name of its own in `input_files`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ffmill.cli.local import braces
from ffmill.cli.local.files import Files
from ffmill.cli.local.stops import no_such_input
from ffmill.jobs import names

_ODD = re.compile(r"[^\w.-]")  # what a filter graph, a list or a pattern might take as syntax
_FAMILY = re.compile(r"many\d+-")
_MOST_BYTES = 200  # of a name, with room for a number


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """A file to upload."""

    path: str  # as the user wrote it


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Text to upload: a file that names others, with their new names in it."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Url:
    """Something that the service fetches itself."""

    url: str


@dataclass(frozen=True, slots=True)
class StandardInput:
    """What comes on our standard input."""


Upload = LocalFile | Text | Url | StandardInput


class Uploads:
    """Gathers inputs; each thing goes up once, however often it is named."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._inputs: dict[str, Upload] = {}
        self._names: dict[Upload, str] = {}
        self._families = count(1)

    @property
    def inputs(self) -> Mapping[str, Upload]:
        """What goes up, by its name."""
        return self._inputs

    def file(self, path: str, *, as_is: bool = False) -> str:
        """The name of a local file, its own where it can be (`as_is`: though odd); raises Stop where there is none."""
        if not self._files.is_file(path):
            raise no_such_input(path, is_dir=self._files.is_dir(path))
        return self.add(LocalFile(path=path), PurePosixPath(path).name, as_is=as_is)

    def url(self, url: str) -> str:
        """The name of something on the web."""
        return self.add(Url(url=url), PurePosixPath(unquote(urlsplit(url).path)).name or "input")

    def add(self, upload: Upload, wanted: str, *, as_is: bool = False) -> str:
        """The name of an upload: the wanted one, made harmless and unlike all others."""
        if upload not in self._names:
            keeps = as_is and names.is_allowed(wanted) and not braces.are_in(wanted)
            name = self._free(wanted if keeps else harmless(wanted))
            self._names[upload] = name
            self._inputs[name] = upload
        return self._names[upload]

    def put(self, name: str, upload: Upload) -> None:
        """Takes in something under just this name, in place of what had it."""
        self._inputs[name] = upload

    def family(self) -> str:
        """What the names of many files may begin with, and no other name does."""
        return f"many{next(self._families)}-"

    def _free(self, name: str) -> str:
        name = f"_{name}" if _FAMILY.match(name) else name
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        numbered = (f"{stem}-{number}{dot}{suffix}" for number in count(2))
        return name if self._is_free(name) else next(filter(self._is_free, numbered))

    def _is_free(self, name: str) -> bool:
        return name not in self._inputs and name not in names.DIRECTORIES


def harmless(name: str) -> str:
    """`name` with nothing in it that FFmpeg might take as syntax."""
    plain = _ODD.sub("_", name)
    while len(plain.encode()) > _MOST_BYTES:
        plain = plain[1:]
    return plain.lstrip(".-") or "input"
