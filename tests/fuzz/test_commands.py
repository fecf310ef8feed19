"""Whole submissions, from commands to argument lists."""

import re

from hypothesis import strategies as st

from ffmill.jobs import command, names, options
from tests.fuzz.outcomes import MOST_BYTES, outcome
from tests.fuzz.pieces import PLAIN_NAMES, TEXTS, Asked, jobs
from tests.fuzz.target import target

NUMBERED = st.tuples(st.text("ab", max_size=2), st.sampled_from(["%d", "%02d", "%3d"]), st.text("ab0", max_size=2))


@target(examples=150, asked=jobs())
def test_a_submission_is_resolved_or_a_bad_request_that_can_be_sent(asked: Asked) -> None:
    found = resolved(asked)
    assert found == resolved(asked)
    if isinstance(found, str):
        assert len(found.encode()) < MOST_BYTES
        return
    assert len(found.argvs) == len(asked.commands)
    for argv in found.argvs:
        assert argv
        assert not any("\0" in word for word in argv)
        assert "".join(argv).encode()
        assert all(option.name != "n" for option in options.read(argv).options)


@target(texts=st.lists(TEXTS, max_size=3), names=st.lists(TEXTS, max_size=3))
def test_whatever_is_sent_is_resolved_or_a_bad_request_that_can_be_sent(texts: list[str], names: list[str]) -> None:
    found = resolved(Asked(inputs=tuple(names[:2]), outputs=tuple(names[1:]), commands=tuple(texts)))
    assert not isinstance(found, str) or len(found.encode()) < MOST_BYTES


@target(asked=jobs(PLAIN_NAMES), extra=PLAIN_NAMES)
def test_an_input_is_read_from_its_directory_alone(asked: Asked, extra: str) -> None:
    """Whatever else a command holds, a placeholder adds one word, which names the file."""
    if extra in (*asked.inputs, *asked.outputs):
        return
    plain = resolved(asked)
    more = Asked(
        inputs=(*asked.inputs, extra),
        outputs=asked.outputs,
        commands=tuple(f"-i {{{{{extra}}}}} {one}" for one in asked.commands),
    )
    found = resolved(more)
    if isinstance(found, str) or isinstance(plain, str):
        return
    for before, after in zip(plain.argvs, found.argvs, strict=True):
        rest = after[2:] if after[2:3] != ("ffmpeg",) else after[3:]
        assert after[:2] == ("-i", f"inputs/{extra}")
        assert rest == before


@target(pattern=NUMBERED, number=st.integers(0, 120), cut=st.integers(0, 4), plain=st.booleans())
def test_an_output_that_may_be_written_is_not_called_unwritten(
    pattern: tuple[str, str, str], number: int, cut: int, plain: bool
) -> None:
    """A listed glob, number or name that matches a file which ffmpeg would number so."""
    head, numbers, tail = pattern
    written, file = f"x{head}{numbers}{tail}.png", f"x{head}{numbers % number}{tail}.png"
    if " " in file:  # `%3d` fills with blanks here, with zeros in ffmpeg
        return
    for listed in {file, f"*{file[cut:]}", f"x*{tail}.png", f"{file[: cut + 1]}*", re.sub("[0-9]+", "%d", file)}:
        if names.matches(listed, file):
            path = written if plain else f"outputs/{written}"
            command.resolve([f"-i in.mp4 {path}"], inputs=["in.mp4"], outputs=[listed])


def resolved(asked: Asked) -> command.Resolved | str:
    """What the submission becomes, or with which words it is refused."""
    return outcome(lambda: command.resolve(asked.commands, inputs=asked.inputs, outputs=asked.outputs))
