"""Many files by one word: `img_%03d.png` and `-pattern_type glob`, as FFmpeg's image2 demuxer finds them."""

import re
from collections.abc import Iterator
from fnmatch import translate
from itertools import count, takewhile
from posixpath import basename, dirname, join, splitext

from ffmill.cli.local.files import Files
from ffmill.cli.local.stops import no_such_input
from ffmill.cli.local.uploads import LocalFile, Uploads, harmless
from ffmill.jobs.options import File

_NUMBER = re.compile(r"%0?([0-9]*)d")
_MAGIC = re.compile(r"[*?[]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_FIRST, _LOOKED_AT = "0", "5"  # defaults of -start_number and -start_number_range


def is_numbered(path: str) -> bool:
    """Whether the path stands for a sequence."""
    return len(_NUMBER.findall(path)) == 1


def of_numbers(pattern: str, file: File, files: Files, uploads: Uploads) -> str:
    """Takes in the files of a sequence, up to the first gap; the pattern that finds them there."""
    start = int(file.last("start_number") or _FIRST)
    looked_at = range(start, start + int(file.last("start_number_range") or _LOOKED_AT))
    first = next((number for number in looked_at if files.is_file(_at(pattern, number))), None)
    if first is None:
        raise no_such_input(pattern)
    there = uploads.family() + _plain(basename(pattern))
    for number in takewhile(lambda number: files.is_file(_at(pattern, number)), count(first)):
        uploads.put(_at(there, number), LocalFile(path=_at(pattern, number)))
    return there


def _at(pattern: str, number: int) -> str:
    return _NUMBER.sub(lambda found: f"{number:0{found[1] or '1'}d}", pattern).replace("%%", "%")


def _plain(name: str) -> str:
    """The pattern with nothing odd around its number."""
    before, width, after = _NUMBER.split(name, maxsplit=1)
    return f"{harmless('x' + before)[1:]}%0{width or '1'}d{harmless('x' + after)[1:]}"


def of_glob(pattern: str, files: Files, uploads: Uploads) -> str:
    """Takes in the files that match, numbered in their order; the pattern that finds them there."""
    matching = {path for one in _unbraced(pattern) for path in _matching(one, files) if files.is_file(path)}
    found = sorted(matching, key=str.encode)
    if not found:
        raise no_such_input(pattern)
    family, suffix = uploads.family(), splitext(found[0])[1]
    for number, path in enumerate(found, 1):
        uploads.put(f"{family}{number:06d}{suffix}", LocalFile(path=path))
    return f"{family}*{suffix}"


def _unbraced(pattern: str) -> Iterator[str]:
    if not (found := _BRACES.search(pattern)):
        yield pattern
        return
    for choice in found[1].split(","):
        yield from _unbraced(pattern[: found.start()] + choice + pattern[found.end() :])


def _matching(pattern: str, files: Files) -> Iterator[str]:
    """The paths that match, each part of them its part of the pattern: glob(7)."""
    directory, last = dirname(pattern), basename(pattern)
    if not last:  # the root, or two slashes
        yield pattern
        return
    for where in _matching(directory, files) if _MAGIC.search(directory) else (directory,):
        expression = re.compile(translate(last))
        names = files.names(where) if _MAGIC.search(last) else [last]
        for name in names:
            hidden = name.startswith(".") and not last.startswith(".")
            if expression.fullmatch(name) and not hidden:
                yield join(where, name)
