"""Writes a command anew with some of its words changed, placeholders and the client's own quoting left as they are."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ffmill.errors import BadRequest
from ffmill.jobs import names, words
from ffmill.jobs.command import never_overwrites
from ffmill.jobs.placeholders import Placeholders

_MARK = re.compile(r"(\0[0-9]+\0)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word of the new command, as ffmpeg is to get it."""

    text: str
    of: int | None = None  # the index of the word that it was; None for one that is new


def rewritten(command: str, changed: Sequence[Word], *, inputs: Sequence[str], outputs: Sequence[str]) -> str | None:
    """The command with the words `changed` in place of those that ffmpeg got; None where it cannot be written so.

    What it gives resolves to exactly these words. A leading `ffmpeg` is left out, and `-n`, which never took effect.
    """
    aliases = names.aliases(inputs)
    placeholders = Placeholders(aliases, outputs)
    try:
        sent = _sent(placeholders.mark(command), placeholders)
        text = placeholders.unmark(" ".join(_spelled(word, sent, placeholders) for word in changed))
        return text if _resolved(text, Placeholders(aliases, outputs)) == tuple(word.text for word in changed) else None
    except (BadRequest, words.Unclosed, IndexError):
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """A word as the client sent it, with a mark for each placeholder."""

    raw: str  # quoted as it was
    marked: str  # without quotes
    filled: str  # with paths


def _sent(marked: str, placeholders: Placeholders) -> list[_Sent]:
    found = list(words.spelled(marked))
    filled = placeholders.fill([word for word, _ in found])
    sent = [_Sent(raw=raw, marked=word, filled=path) for (word, raw), path in zip(found, filled, strict=True)]
    sent = sent[1:] if filled[:1] == ("ffmpeg",) else sent
    left_out = never_overwrites(tuple(word.filled for word in sent))
    return [word for at, word in enumerate(sent) if at not in left_out]


def _spelled(word: Word, sent: Sequence[_Sent], placeholders: Placeholders) -> str:
    if word.of is None:
        return shlex.quote(word.text)
    was = sent[word.of]
    return was.raw if was.filled == word.text else _quoted(_changed(was, word.text, placeholders))


def _changed(was: _Sent, text: str, placeholders: Placeholders) -> str:
    """`text` with the marks of those placeholders that stand before and after all that differs."""
    atoms = list(_atoms(was.marked, placeholders))
    head, at = 0, 0
    while head < len(atoms) and text.startswith(atoms[head][1], at):
        at += len(atoms[head][1])
        head += 1
    tail, end = len(atoms), len(text)
    while tail > head and end - len(atoms[tail - 1][1]) >= at and text.endswith(atoms[tail - 1][1], at, end):
        end -= len(atoms[tail - 1][1])
        tail -= 1
    return "".join(atom for atom, _ in atoms[:head]) + text[at:end] + "".join(atom for atom, _ in atoms[tail:])


def _atoms(marked: str, placeholders: Placeholders) -> Iterator[tuple[str, str]]:
    """Each mark with its path, each other character with itself."""
    for number, piece in enumerate(_MARK.split(marked)):
        if number % 2:
            yield piece, placeholders.path(piece)
        else:
            yield from zip(piece, piece, strict=True)


def _quoted(marked: str) -> str:
    """Quoted for a shell; a mark needs no quotes, for what it stands for is found before words are split."""
    pieces = _MARK.split(marked)
    text = "".join(pieces[::2])
    if not text and len(pieces) > 1:
        return marked
    if shlex.quote(text) == text:
        return marked
    if "'" not in text:
        return f"'{marked}'"
    if not any(sign in text for sign in '"$`\\'):
        return f'"{marked}"'
    return "".join(piece if number % 2 or not piece else shlex.quote(piece) for number, piece in enumerate(pieces))


def _resolved(text: str, placeholders: Placeholders) -> tuple[str, ...]:
    return placeholders.fill(words.split(placeholders.mark(text)))
