"""Which files commands may write, as far as their words tell: said to be unwritten is only what surely is."""

import re
from collections.abc import Iterable, Sequence

from ffmill.jobs import names, options
from ffmill.jobs.options import set_of

_SEPARATORS = re.compile(r"""[/\\|:,=;'"()<>\[\]{}\s]+""")
_SETS = re.compile(r"\[[^\]]*\]")
_NAMING = set_of(  # muxers, filters and options that make up names by themselves
    """
    hls dash segment ssegment stream_segment smoothstreaming hds webm_chunk webm_dash_manifest vidstabdetect
    pass -pass pass1 pass2 +pass1 +pass2 stats -vstats -report -dump_attachment analysis-save
    """
)
_NAMING_SUFFIXES = (".m3u8", ".mpd")
_FROM_FILE = "-/"  # an option whose value lies in a file, which may name anything
_Ends = tuple[str, str]
_MOST_COMPARED = 200_000  # pairs of patterns, in all; beyond, nothing is said to be unwritten


class Mentions:
    """The pieces of names that the commands added so far hold, input files apart."""

    def __init__(self) -> None:
        self._pieces: set[str] = set()
        self._ends: set[_Ends] = set()  # of all pieces
        self._varying: set[_Ends] = set()  # of those in which something varies
        self._boundless = False
        self._compared = 0

    def add(self, argv: Sequence[str], line: options.Line) -> None:
        """Takes in one more command."""
        inputs = {file.at for file in line.inputs if "=" not in file.path}  # a lavfi graph may write files
        pieces = {piece for at, word in enumerate(argv) if at not in inputs for piece in _split(word)}
        self._pieces |= pieces
        self._ends |= set(map(_ends, pieces))
        self._varying |= {_ends(piece) for piece in pieces if names.is_pattern(piece)}
        self._boundless = self._boundless or _names_files_itself(pieces) or any(w.startswith(_FROM_FILE) for w in argv)

    def add_unknown(self) -> None:
        """Takes in a command that cannot be read: it may write anything."""
        self._boundless = True

    def may_write(self, name: str) -> bool:
        """Whether a file of this name, or one that matches this pattern, may be written by a command added so far."""
        return self._boundless or all(map(self._holds, _split(_SETS.sub("*", name))))

    def _holds(self, piece: str) -> bool:
        if piece in self._pieces:
            return True
        ends = _ends(piece)
        others = self._ends if names.is_pattern(piece) else self._varying
        self._compared += len(others)
        return self._compared > _MOST_COMPARED or any(_may_be_the_same(ends, other) for other in others)


def _split(word: str) -> Iterable[str]:
    return filter(None, _SEPARATORS.split(word))


def _names_files_itself(pieces: set[str]) -> bool:
    return not pieces.isdisjoint(_NAMING) or any(piece.lower().endswith(_NAMING_SUFFIXES) for piece in pieces)


def _ends(piece: str) -> _Ends:
    """What surely stands before all that varies in the piece and after it: all of it, where nothing varies."""
    head, tail = names.literal_ends(piece)
    return head[: names.MAX_BYTES], tail[-names.MAX_BYTES :]


def _may_be_the_same(ends: _Ends, other: _Ends) -> bool:
    """Whether some text may match both: their beginnings agree, and so do their ends."""
    (head, tail), (other_head, other_tail) = ends, other
    heads = head.startswith(other_head) or other_head.startswith(head)
    return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))
