"""A command line with some of its words replaced."""

from collections.abc import Sequence


class Wording:
    """Takes replacements by the index of a word, and gives the new words."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._words = [[word] for word in argv]

    def put(self, at: int, *words: str) -> None:
        """Other words, or none, for the one at `at`."""
        self._words[at] = list(words)

    def origins(self) -> tuple[int, ...]:
        """For each new word the index of the one that it stands for."""
        return tuple(at for at, words in enumerate(self._words) for _ in words)

    def words(self) -> tuple[str, ...]:
        """All words as they are now."""
        return tuple(word for words in self._words for word in words)
