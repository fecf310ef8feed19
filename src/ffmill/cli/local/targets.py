"""Where outputs go: each local path has a name of one segment there, and each file that comes back has its path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join, relpath

from ffmill.cli.local import braces, stops
from ffmill.cli.local.uploads import harmless
from ffmill.errors import FfmillError
from ffmill.jobs import names

EVERYTHING = "*"  # the entry of `output_files` that asks for whatever was written
_SLASH = "=_="  # in a name there, for a directory that FFmpeg makes
_KEY = re.compile(rb'URI="outputs/([^"]*)"')
_VARYING = re.compile(r"(?=.)(?P<begin>[^%$.]*)[^.]*(?P<suffix>\.[^.%$]+)?", re.DOTALL)  # an empty name has no family
_DERIVED = ("init", "chunk-", "ffmpeg2pass")  # names that muxers and encoders choose by themselves
_LISTS = (".m3u8", ".m3u", ".mpd", ".csv", ".ffconcat", ".ffcat", ".txt", ".xml", ".ism")


class UnsafeName(FfmillError):
    """An output has a name that would lead out of where it belongs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where the files that come back belong."""

    known: Mapping[str, str]  # by their names there: local paths
    directories: Mapping[str, str]  # by what names begin with: local directories; "" is among them
    makes_directories: bool  # whether FFmpeg would have made some
    is_open: bool  # whether more may come back than is known
    families: tuple[tuple[str, str], ...] = ()  # of made-up names: how they begin, and their suffix

    def may_replace(self, name: str) -> bool:
        """Whether what comes back by this name may take the place of a file that is there.

        The user named it, or what FFmpeg made its name from; else it may be any file that happens to lie there.
        """
        own = basename(self.of(name))
        of_family = (own.startswith(begin) if begin else own.endswith(suffix) for begin, suffix in self.families)
        return name in self.known or own.startswith(_DERIVED) or any(of_family)

    def of(self, name: str) -> str:
        """The local path of a file that came back; raises UnsafeName.

        A name may come out of a stranger's file, as that of an attachment does: it leads nowhere else.
        """
        if name in self.known:
            return self.known[name]
        if not self.is_open:
            raise UnsafeName(f"the output {name!r} was not asked for")
        prefix = max((one for one in self.directories if name.startswith(one)), key=len)
        rest = braces.together(name[len(prefix) :])
        parts = rest.split(_SLASH) if self.makes_directories else [rest]
        if not all(map(names.is_allowed, parts)):
            raise UnsafeName(f"the output {name!r} would leave its directory, or be hidden in it")
        return join(self.directories[prefix], *parts)

    def text(self, name: str, data: bytes, others: Mapping[str, str]) -> bytes:
        """`data`, what came back as `name`, with local names in it for those of the `others`, names to paths."""
        if not name.lower().endswith(_LISTS):
            return data
        here = dirname(self.of(name))
        data = _KEY.sub(self._key, data)
        for other, path in sorted(others.items(), key=lambda one: -len(one[0])):
            if other != basename(path):
                local = relpath(path, here or ".").encode(errors="surrogateescape")
                data = re.sub(rb"(?<![\w.-])" + re.escape(other.encode()) + rb"(?![\w-])", lambda _: local, data)  # noqa: B023  # used at once
        return data

    def _key(self, found: re.Match[bytes]) -> bytes:
        """A key that FFmpeg has made is named by its path from the current directory."""
        path = self.of(found[1].decode(errors="surrogateescape"))
        return b'URI="' + path.encode(errors="surrogateescape") + b'"'

    def is_list(self, name: str) -> bool:
        """Whether a file that came back may name others."""
        return name.lower().endswith(_LISTS)


class Targets:
    """Gathers outputs. In one directory, here `home`, files keep their names, whatever FFmpeg derives from them."""

    def __init__(self, home: str) -> None:
        self._prefixes = {home: ""}  # by local directories
        self._known: dict[str, str] = {}
        self._makes_directories = False
        self._families: list[tuple[str, str]] = []
        self.is_open = False  # whether more is written than is known by name

    @property
    def places(self) -> Places:
        """Where what comes back belongs."""
        return Places(
            known=dict(self._known),
            directories={prefix: path for path, prefix in self._prefixes.items()},
            makes_directories=self._makes_directories,
            is_open=self.is_open,
            families=tuple(self._families),
        )

    @property
    def output_files(self) -> tuple[str, ...]:
        """What to ask for."""
        return (EVERYTHING,) if self.is_open else tuple(self._known)

    def file(self, path: str) -> str:
        """The name there of one file."""
        wanted = _wanted(basename(path))
        numbers = (f"{number}-{wanted}" for number in range(2, 10_000))
        return self.known(
            wanted if wanted not in self._known else next(one for one in numbers if one not in self._known), path
        )

    def known(self, name: str, path: str) -> str:
        """Takes in that what is called `name` there belongs to a local path."""
        self._known[name] = path
        return name

    def family(self, path: str) -> str:
        """The name there of a pattern, or of a file from whose name FFmpeg makes others."""
        self.is_open = True
        if family := _VARYING.match(basename(path)):
            self._families.append((family["begin"], family["suffix"] or ""))
        directory, name = fixed_directory(path), braces.apart(basename(path))
        if not names.is_allowed(f"x{name}"):
            raise stops.odd_name(path)
        if made := dirname(path)[len(directory) :].lstrip("/"):
            self._makes_directories = True
            name = made.replace("/", _SLASH) + _SLASH + name
        prefix = self._prefixes.setdefault(directory, f"{len(self._prefixes) + 1}-")
        return prefix + name


def fixed_directory(path: str) -> str:
    """The directory of `path`, up to where something varies in it."""
    directory = dirname(path)
    return fixed_directory(directory) if "%" in directory else directory


def _wanted(name: str) -> str:
    """The name there: its own, if that may be, or one like it."""
    for one in (name, f"_{name.lstrip('.-')}"):
        if names.is_allowed(one) and not braces.are_in(one):
            return one
    return harmless(name)
