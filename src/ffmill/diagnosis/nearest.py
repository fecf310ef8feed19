"""The names nearest to a misspelled one, found in little time however many there are and however long it is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

LONGEST = 40  # characters of a name that is compared; nothing that FFmpeg knows is misspelled beyond
MOST_EDITS = 2
OFFERED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    """What a misspelled name may have meant."""

    names: tuple[str, ...] = ()  # the nearest first
    sure: str | None = None  # the one that it surely meant

    def hint(self, mark: str = "") -> str:
        """As `write -crf`, or `the nearest are -a, -b`; empty where nothing is near. `mark` stands before each."""
        if self.sure is not None:
            return f"write {mark}{self.sure}"
        shown = [f"{mark}{name}" for name in self.names]
        return f"the nearest {'is' if len(shown) == 1 else 'are'} {', '.join(shown)}" if shown else ""


def nearest(name: str, known: Iterable[str], *, common: Collection[str] = (), sure: int = MOST_EDITS) -> Nearest:
    """The known names that differ least from `name`; of equally near ones, a common one is the likelier.

    `sure` is by how many letters the one that it surely meant may differ.
    """
    if not 2 <= len(name) <= LONGEST:
        return Nearest()
    most = MOST_EDITS if len(name) > 4 else 1
    found = sorted((edits, one not in common, one) for one in known if (edits := _edits(name, one, most)) is not None)
    return Nearest(names=tuple(one for _, _, one in found[:OFFERED]), sure=_sure(name, found, sure))


def _sure(name: str, found: list[tuple[int, bool, str]], most: int) -> str | None:
    """The first, where it stands alone and is not merely a little like a short name."""
    if not found or found[0][0] > (1 if len(name) < 6 else most):
        return None
    alone = len(found) == 1 or found[1][:2] != found[0][:2]
    return found[0][2] if alone else None


def _edits(name: str, other: str, most: int) -> int | None:
    """How many letters were left out, added, changed or swapped with the next; None beyond `most`."""
    if name.lower() == other.lower():
        return 0
    if abs(len(name) - len(other)) > most or len(set(name) ^ set(other)) > 2 * most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(name, 1):
        this = [row]
        for column, one in enumerate(other, 1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != one))
            if row > 1 and column > 1 and letter == other[column - 2] and name[row - 2] == one:
                cost = min(cost, before[column - 2] + 1)
            this.append(cost)
        if min(this) > most:
            return None
        before, last = last, this
    return last[-1] if last[-1] <= most else None
