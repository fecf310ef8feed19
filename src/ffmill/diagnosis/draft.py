"""A command with some words changed, before it is written as a client would."""

from collections import defaultdict
from collections.abc import Sequence

from ffmill.jobs.mending import Word


class Draft:
    """The words of a command, to be changed one by one; indexes are those of the command as it was."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._texts: dict[int, str] = {}
        self._dropped = set[int]()
        self._before = defaultdict[int, list[Word]](list)

    def replace(self, at: int, text: str) -> "Draft":
        """Writes another word in place of one."""
        self._texts[at] = text
        return self

    def drop(self, at: int, count: int = 1) -> "Draft":
        """Leaves words out."""
        self._dropped.update(range(at, at + count))
        return self

    def insert(self, before: int, *texts: str) -> "Draft":
        """Puts new words in."""
        self._before[before] += [Word(text=text) for text in texts]
        return self

    def move(self, at: int, count: int, before: int) -> "Draft":
        """Puts words elsewhere."""
        self._before[before] += [Word(text=self._argv[one], of=one) for one in range(at, at + count)]
        return self.drop(at, count)

    @property
    def words(self) -> tuple[Word, ...]:
        """The command as it is now."""
        made: list[Word] = []
        for at, word in enumerate(self._argv):
            made += self._before.get(at, [])
            if at not in self._dropped:
                made.append(Word(text=self._texts.get(at, word), of=at))
        return (*made, *self._before.get(len(self._argv), []))
