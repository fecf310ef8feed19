"""Arguments that are too long for the kernel: ffmpeg reads them from files instead (`-/option FILE`)."""

from collections.abc import Sequence

from ffmill.errors import BadRequest
from ffmill.jobs import options
from ffmill.jobs.names import shown

LIMIT_BYTES = 131_071  # Linux: MAX_ARG_STRLEN, 32 pages, less the NUL at the end


def spill(argv: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The argv that fits, and the text of each file that it reads, by a name for `inputs/`.

    ffmpeg reads its own options so from version 7 on (ffmpeg documentation, "Options"). The names begin with a dot, so
    no input is called so; and what an earlier command may have left in the job's directory is not in their way. Raises
    BadRequest when something is too long that cannot be read from a file.
    """
    words, files = list(argv), dict[str, str]()
    if not any(map(_is_long, words)):
        return tuple(words), files
    for option in options.read(argv).options:
        if option.name in options.VALUED and _is_long(option.value):
            name = f".argument-{option.at}"
            words[option.at : option.at + 2] = f"-/{words[option.at][1:]}", f"inputs/{name}"
            files[name] = option.value
    for word in words:
        if _is_long(word):
            raise BadRequest(
                f"the argument {shown(word, 40)} is {len(word.encode()):,} bytes long; "
                f"the most is {LIMIT_BYTES:,}, except for filter graphs: -filter_complex, -vf, -af"
            )
    return tuple(words), files


def _is_long(word: str) -> bool:
    return len(word) > LIMIT_BYTES or (len(word) * 4 > LIMIT_BYTES and len(word.encode()) > LIMIT_BYTES)
