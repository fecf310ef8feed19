"""From the commands that a client sends to the words that ffmpeg gets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ffmill.errors import BadRequest
from ffmill.jobs import names, options, refusals, words
from ffmill.jobs.mentions import Mentions
from ffmill.jobs.names import shown
from ffmill.jobs.placeholders import Placeholders

MAX_BYTES = 256 * 1024
LONG = 64 << 10  # characters
_NEARBY = 30  # characters shown before an unclosed quote, and as many after it


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """Commands ready to run; their paths are relative to the job's directory."""

    argvs: tuple[tuple[str, ...], ...]  # what follows the word `ffmpeg`, of each command
    aliases: Mapping[str, str]  # name of an input → its file name under inputs/
    warnings: tuple[str, ...]  # what is done differently from what was asked


def is_long(commands: Sequence[str]) -> bool:
    """Whether resolving the commands holds up an event loop so long that others would feel it."""
    return sum(map(len, commands)) > LONG


def resolve(commands: Sequence[str], *, inputs: Sequence[str], outputs: Sequence[str]) -> Resolved:
    """Splits the commands, puts paths in for placeholders, and refuses what surely fails.

    `inputs` are the names of `input_files`, `outputs` the entries of `output_files`. The same arguments give the same
    result at every call. Raises BadRequest for a bad name too.

    Besides `inputs/NAME` and `outputs/NAME`, plain `NAME` is an input where there is one of that name, else a file of
    the job's directory.
    """
    names.check(inputs, outputs)
    reading = Reading(inputs, outputs)
    argvs: list[tuple[str, ...]] = []
    warnings: list[str] = []
    for index, command in enumerate(commands):
        where = f"ffmpeg_commands[{index}]: " if len(commands) > 1 else ""
        try:
            argv, changed = reading.words(command)
            reading.check(argv)
        except BadRequest as refusal:
            raise BadRequest(where + refusal.message) from refusal
        argvs.append(argv)
        warnings += [where + warning for warning in changed]
    for refusal in reading.unwritten():
        raise refusal
    return Resolved(argvs=tuple(argvs), aliases=reading.aliases, warnings=tuple(warnings))


class Reading:
    """Reads the commands of one job in their order: each may read what those before it write."""

    def __init__(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self.aliases = names.aliases(inputs)  # name of an input → its file name under inputs/
        self._outputs = outputs
        self._placeholders = Placeholders(self.aliases, outputs)
        self._written = Mentions()

    def words(self, command: str) -> tuple[tuple[str, ...], list[str]]:
        """What ffmpeg gets of a command, and warnings for what that changed; raises BadRequest."""
        try:
            return _without_never_overwrite(_argv(command, self._placeholders))
        except BadRequest:
            self._written.add_unknown()
            raise

    def check(self, argv: tuple[str, ...]) -> None:
        """Takes in the next command; raises BadRequest when it cannot succeed."""
        line = options.read(argv)
        try:
            if not line.answers:
                refusals.check(line, self.aliases, self._written)
        finally:
            self._written.add(argv, line)

    def unwritten(self) -> Iterator[BadRequest]:
        """A refusal for each listed output that surely none of the commands writes."""
        for name in refusals.unmentioned(self._outputs, self._written):
            yield BadRequest(
                f"output_files lists {shown(name)}, and no command writes it: write {shown('{{' + name + '}}')} "
                "where the command names its output"
            )


def _argv(command: str, placeholders: Placeholders) -> tuple[str, ...]:
    _check_text(command)
    marked = placeholders.mark(command)
    try:
        found = words.split(marked)
    except words.Unclosed as unclosed:
        raise BadRequest(_unclosed(marked, unclosed, placeholders)) from unclosed
    argv = placeholders.fill(found)
    if argv[:1] in (("ffprobe",), ("ffplay",)):
        raise BadRequest(f"{argv[0]} does not run here, only ffmpeg does: write what follows the word ffmpeg")
    argv = argv[1:] if argv[:1] == ("ffmpeg",) else argv
    if not argv:
        raise BadRequest("the command is empty: write what follows the word ffmpeg, as -i {{in.mp4}} {{out.mp4}}")
    return argv


def _check_text(command: str) -> None:
    if "\0" in command:
        raise BadRequest(f"the command holds a NUL character, at character {command.index(chr(0)) + 1}")
    try:
        size = len(command.encode())
    except UnicodeEncodeError as half:
        raise BadRequest(f"the command holds half of a surrogate pair, at character {half.start + 1}") from half
    if size > MAX_BYTES:
        raise BadRequest(f"the command is {size:,} bytes long; the most is {MAX_BYTES:,} (256 KiB)")


def _unclosed(marked: str, unclosed: words.Unclosed, placeholders: Placeholders) -> str:
    before = placeholders.unmark(marked[: unclosed.position])
    after = placeholders.unmark(marked[unclosed.position :])
    nearby = shown(before[-_NEARBY:] + after[:_NEARBY], 2 * _NEARBY)
    advice = r" (for an apostrophe in text, write \' outside of quotes)" if unclosed.quote == "'" else ""
    return f"the quote {unclosed.quote} at character {len(before) + 1} is never closed, near {nearby}{advice}"


def never_overwrites(argv: Sequence[str]) -> set[int]:
    """The indexes of the words `-n`, which are left out."""
    return {option.at for option in options.read(argv).options if option.name == "n"}


def _without_never_overwrite(argv: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Without `-n`, which beside the `-y` that is implied makes ffmpeg refuse to write."""
    found = never_overwrites(argv)
    if not found:
        return argv, []
    kept = tuple(word for at, word in enumerate(argv) if at not in found)
    return kept, ["-n was left out: -y is implied, and a job starts in an empty directory"]
