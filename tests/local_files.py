"""Local files that are none, for the analysis of local commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname

from ffmill.cli.local.files import STDIN, Stream


@dataclass(frozen=True, kw_only=True)
class MadeUpFiles:
    """Files by their paths, with their text."""

    texts: Mapping[str, str]
    directories: frozenset[str] = frozenset()
    stdin: str = ""
    pipes: frozenset[str] = frozenset()
    seekable: frozenset[Stream] = field(default_factory=frozenset[Stream])

    def is_file(self, path: str) -> bool:
        """Whether it was made up."""
        return path in self.texts

    def is_regular(self, path: str) -> bool:
        """Whether it was made up as no pipe."""
        return path in self.texts and path not in self.pipes

    def is_dir(self, path: str) -> bool:
        """Whether it was named, or something lies in it."""
        return path in self.directories or any(dirname(one) == path for one in self.texts)

    def read(self, path: str) -> str:
        """Its text."""
        return self.stdin if path == STDIN else self.texts[path]

    def names(self, directory: str) -> Sequence[str]:
        """What lies in it."""
        return [basename(path) for path in self.texts if dirname(path) == directory]

    def is_seekable(self, stream: Stream) -> bool:
        """Whether it is a file."""
        return stream in self.seekable


def made_up(*paths: str, **texts: str) -> MadeUpFiles:
    """Empty files at these paths."""
    return MadeUpFiles(texts={**dict.fromkeys(paths, ""), **texts})
