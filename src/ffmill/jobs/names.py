"""File names of a job: which are allowed, what an input is called on disk, which files a pattern stands for."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, count

from ffmill.errors import BadRequest

MAX_BYTES = 255  # NAME_MAX of Linux
DIRECTORIES = ("inputs", "outputs")  # of a job; what lies beside them goes by plain names

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")  # the last two are no characters, and XML has none
_VARIABLE = re.compile(
    r"(?P<late>%%[0-9]{0,3}[dst])"  # hls: replaced after the date (-hls_flags second_level_segment_index)
    r"|(?P<percent>%%)"
    r"|%(?P<width>[0-9]{0,3})d"
    r"|(?P<date>%[aAbBcCDeFgGHIjklmMnpPrRsStTuUvVwWxXyYzZ])"  # strftime, and %v of hls
    r"|(?P<template>\$[A-Za-z]+(?:%0?[0-9]{1,3}d)?\$)"  # dash: $RepresentationID$, $Number%05d$
    r"|(?P<star>\*)"
    r"|(?P<one>\?)"
    r"|\[(?P<set>!?\]?[^\]]*)\]"
)


def check(inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Raises BadRequest when a name is unsafe or an output is listed twice; an input and an output may share a name."""
    for refusal in refusals(inputs, outputs):
        raise refusal


def refusals(inputs: Sequence[str], outputs: Sequence[str]) -> Iterator[BadRequest]:
    """All that `check` may raise, one after the other."""
    for where, given in (("input_files", inputs), ("output_files", outputs)):
        for name in given:
            if refusal := _refusal(name, where):
                yield refusal
    for name, times in Counter(outputs).items():
        if times > 1:
            yield BadRequest(f"output_files lists {shown(name)} twice")


def is_allowed(name: str) -> bool:
    """Whether `name` can be that of an input or an output."""
    return _fault(name) is None


def check_input_name(name: str) -> None:
    """Raises BadRequest when `name` cannot be the name of an input."""
    _check(name, "input_files")


def check_output_name(name: str) -> None:
    """Raises BadRequest when `name`, a file name or a pattern, cannot be the name of an output."""
    _check(name, "output_files")


def _check(name: str, where: str) -> None:
    if refusal := _refusal(name, where):
        raise refusal


def _refusal(name: str, where: str) -> BadRequest | None:
    fault = _fault(name)
    return BadRequest(f"{where}: {shown(name)} cannot be a file name: {fault}") if fault else None


def _fault(name: str) -> str | None:
    faults = {
        "it is empty": not name,
        'it holds a "/"; a name is one path segment': "/" in name,
        "it holds a control character, or what is no character": _CONTROL.search(name) is not None,
        "it holds half of a surrogate pair, which is no character": _has_surrogate(name),
        "it begins with a dot": name.startswith("."),
        "it begins with a dash, and would be read as an option": name.startswith("-"),
        "it is the name of the job's own directory": name in DIRECTORIES,
        f"it is longer than {MAX_BYTES} bytes of UTF-8": len(name.encode(errors="replace")) > MAX_BYTES,
    }
    return next((fault for fault, present in faults.items() if present), None)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def shown(text: str, limit: int = 100) -> str:
    """`text` in double quotes for a message: whatever cannot be printed is escaped, the end cut off beyond `limit`."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + '"'


def aliases(inputs: Sequence[str]) -> dict[str, str]:
    """The file name under inputs/ of each input: its own when that is plain, else `input-N` with its suffix.

    A plain name holds only ASCII letters, digits, `_`, `.` and `-`: nothing that a filter graph, a quote, a protocol,
    an image sequence or a glob takes as syntax. The names given are distinct, and the same at every call.
    """
    taken = set(inputs)
    found: dict[str, str] = {}
    for number, name in enumerate(inputs, 1):
        found[name] = name if _PLAIN.fullmatch(name) else _alias(name, number, taken)
    return found


def _alias(name: str, number: int, taken: set[str]) -> str:
    suffix = _SUFFIX.search(name)
    end = suffix[0] if suffix else ""
    again = chain(("", "_"), map("_{}".format, count(2)))  # underscores alone may grow longer than a name can be
    alias = next(one for mark in again if (one := f"input-{number}{mark}{end}") not in taken)
    taken.add(alias)
    return alias


def is_pattern(name: str) -> bool:
    """Whether `name` may stand for several files: a pattern of ffmpeg (`%03d`, `%Y`, `$Number$`) or a glob."""
    return _VARIABLE.search(name) is not None


def loosened(pattern: str) -> str:
    """`pattern` with `*` for whatever varies in it."""
    return _VARIABLE.sub("*", pattern)


def matches(pattern: str, name: str) -> bool:
    """Whether the written file `name` is what the output entry `pattern` lists; any entry matches itself literally."""
    return name == pattern or (not name.startswith(".") and _expression(pattern).fullmatch(name) is not None)


def literal_ends(pattern: str) -> tuple[str, str]:
    """What every name that the pattern matches begins and ends with; far cheaper to try than the pattern itself."""
    parts = list(_VARIABLE.finditer(pattern))
    return (pattern[: parts[0].start()], pattern[parts[-1].end() :]) if parts else (pattern, pattern)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    """Each part that varies ends where what follows it first fits, for good: so nothing is ever tried twice over."""
    done, lazy, fixed, end = "", "", "", 0
    for found in _VARIABLE.finditer(pattern):
        fixed += re.escape(pattern[end : found.start()])
        end = found.end()
        if (one := _one_character(found)) is not None:
            fixed += one
            continue
        done += f"(?>{lazy}?{fixed})" if lazy else fixed
        lazy, fixed = _several_characters(found), ""
    return re.compile(done + lazy + fixed + re.escape(pattern[end:]), re.DOTALL)


def _one_character(found: re.Match[str]) -> str | None:
    if found["percent"]:
        return "%"
    if found["one"]:
        return "."
    if found["set"] is not None:
        return _set(found["set"])
    return None


def _several_characters(found: re.Match[str]) -> str:
    if found["star"]:
        return ".*"
    if found["width"] is not None:
        return f"[0-9]{{{max(1, int(found['width'] or 1))},}}"
    return ".+"


def _set(members: str) -> str:
    negated = members.startswith("!")
    rest = members[negated:]
    parts = ""
    while rest:
        is_range = len(rest) > 2 and rest[1] == "-"
        first, last, rest = rest[0], rest[2] if is_range else rest[0], rest[3 if is_range else 1 :]
        if first <= last:
            parts += f"\\U{ord(first):08x}-\\U{ord(last):08x}"
    if not parts:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{parts}]"
