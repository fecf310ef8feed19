r"""Placeholders in commands: `{{name}}`, `<<name>>` and `\{\{name\}\}` stand for the path of an input or an output."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from ffmill.errors import BadRequest
from ffmill.jobs import names
from ffmill.jobs.names import shown
from ffmill.jobs.spellings import Spelled, Spellings

_MARK = re.compile(r"\0([0-9]+)\0")
_OFFERED, _COMPARED, _LISTED = 3, 100, 10


class Placeholders:
    """The placeholders of one job: what each stands for.

    They are looked for twice. `mark` finds them in a command before it is split, so that a name with blanks or quotes
    in it needs no quoting; `fill` finds, in each word, those whose name was quoted as a shell wants it.
    """

    def __init__(self, aliases: Mapping[str, str], outputs: Collection[str]) -> None:
        self._inputs = {name: f"inputs/{alias}" for name, alias in aliases.items()}
        self._outputs = {name: f"outputs/{name}" for name in outputs}
        self._marks: list[tuple[str, str]] = []  # (as written, path)
        self._spellings = Spellings([*self._inputs, *self._outputs])

    def mark(self, command: str) -> str:
        """The command with a mark, NUL number NUL, for each placeholder that stands for a file.

        The command itself must hold no NUL. Raises BadRequest when a name is both an input and an output.
        """
        return self._spellings.replace(command, self._mark)

    def unmark(self, text: str) -> str:
        """The text as it was written before `mark`."""
        return _MARK.sub(lambda found: self._marks[int(found[1])][0], text)

    def path(self, mark: str) -> str:
        """What the file of this mark, which `mark` has made, is called in a command."""
        return self._marks[int(mark.strip("\0"))][1]

    def fill(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words with paths; raises BadRequest for a placeholder that stands for no file."""
        self._check_torn(words)
        marked = [self._spellings.replace(word, self._mark_or_refuse) for word in words]
        return tuple(_MARK.sub(lambda found: self._marks[int(found[1])][1], word) for word in marked)

    def _check_torn(self, words: Sequence[str]) -> None:
        """An unknown name with blanks in it, or around it, lies in several words; no option is part of a name."""
        for found in self._spellings.find(" ".join(words)):
            if " -" not in found.inside:
                self._mark_or_refuse(found)

    def _mark(self, found: Spelled) -> str:
        path = self._path(found.inside)
        if path is None:
            return found.text
        self._marks.append((found.text, path))
        return f"\0{len(self._marks) - 1}\0"

    def _mark_or_refuse(self, found: Spelled) -> str:
        marked = self._mark(found)
        if marked == found.text and _may_be_a_name(found.inside):
            raise BadRequest(f"{shown(found.text)} {self._unknown(found.inside.strip())}")
        return marked

    def _path(self, inside: str) -> str | None:
        """The path for what stands between the braces, blanks around a name apart; None when no file is called so."""
        for name in (inside, inside.strip()):
            if name in self._inputs and name in self._outputs:
                raise BadRequest(
                    f"{shown(name)} is both an input and an output: instead of the placeholder, "
                    f"write {shown(f'inputs/{name}')} or {shown(f'outputs/{name}')}"
                )
            if path := self._inputs.get(name) or self._outputs.get(name):
                return path
        return None

    def _unknown(self, name: str) -> str:
        if "://" in name:
            return "is no placeholder: a URL goes into input_files under a name, and {{name}} stands for it"
        directory, _, rest = name.partition("/")
        if directory in names.DIRECTORIES and rest:
            return f"is no placeholder: write {shown('{{' + rest + '}}')}, or plainly {shown(name)}"
        if pattern := self._pattern_like(name):
            return f"is no entry of output_files, but like {shown(pattern)} there: write {shown(f'outputs/{name}')}"
        return f"names neither an input nor an output; {nearest(name, [*self._inputs, *self._outputs])}"

    def _pattern_like(self, name: str) -> str | None:
        if not names.is_pattern(name):
            return None
        sample = names.loosened(name).replace("*", "0001")
        patterns = islice(filter(names.is_pattern, self._outputs), _COMPARED)
        return next((entry for entry in patterns if names.matches(entry, sample)), None)


def nearest(name: str, known: Collection[str]) -> str:
    """A phrase that offers the known names nearest to `name`."""
    by_length = sorted(known, key=lambda one: abs(len(one) - len(name)))[:_COMPARED]
    if close := get_close_matches(name, by_length, n=_OFFERED):
        return "the nearest: " + ", ".join(map(shown, close))
    if not known:
        return "the job has no files"
    rest = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return "there are: " + ", ".join(map(shown, list(known)[:_LISTED])) + rest


def _may_be_a_name(inside: str) -> bool:
    """Blanks alone, text over several lines or longer than a name can be: that is drawn text, no placeholder."""
    name = inside.strip()
    return bool(name) and "\n" not in name and len(name.encode()) <= names.MAX_BYTES
