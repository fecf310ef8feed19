"""The line that goes to `sh`, run by a real one: each word arrives as it was, and nothing else happens."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from ffmill.jobs import words
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.line import line
from tests.fuzz.pieces import TEXTS, WORDS
from tests.fuzz.target import target

PRINTF = shutil.which("printf") or "/usr/bin/printf"
LIMITS = Limits(file_bytes=1 << 30, job_bytes=1 << 30, memory_bytes=4 << 30, threads=1000)
BYTES = st.binary(max_size=6).map(os.fsdecode)  # a name on a disk may hold any
ARGUMENTS = st.lists(st.one_of(WORDS, BYTES), max_size=30)


@target(examples=120, argv=ARGUMENTS, progress=st.booleans(), bound=st.booleans())
def test_a_program_gets_each_word_as_it_was(argv: list[str], progress: bool, bound: bool) -> None:
    given = [word.replace("\0", "") for word in argv if all(map(_is_of_a_file_system, word))]
    text = line(PRINTF, [r"%s\0", *given], LIMITS, progress=progress, count_threads=False, bound_addresses=bound)
    done = sh(text)
    printed, other = (done.stderr, done.stdout) if progress else (done.stdout, done.stderr)
    assert printed == b"".join(os.fsencode(word) + b"\0" for word in given or [""])
    assert (done.returncode, other) == (0, b"")


@target(examples=50, argv=ARGUMENTS, at=st.integers(0, 30))
def test_a_word_that_no_program_can_be_given_is_a_value_error(argv: list[str], at: int) -> None:
    given = [*argv[:at], "a\0b", *argv[at:]]
    with pytest.raises(ValueError, match="NUL"):
        line(PRINTF, given, LIMITS, progress=False, count_threads=True)


@target(examples=60, commands=st.lists(st.one_of(TEXTS, st.text("ab'\"\\ \t", max_size=20)), max_size=20))
def test_a_real_shell_splits_commands_as_we_do(commands: list[str]) -> None:
    """Of those that hold nothing but quotes, backslashes and letters: on the rest a shell would act."""
    splittable = [command for command in commands if _is_plain(command)]
    assume(splittable)
    done = sh("".join(f"printf '%s\\0' x {command}\nprintf '\\1'\n" for command in splittable).encode())
    printed = [part.split(b"\0")[1:-1] for part in done.stdout.split(b"\1")[:-1]]
    assert printed == [[word.encode() for word in words.split(command)] for command in splittable]


def sh(text: bytes) -> subprocess.CompletedProcess[bytes]:
    """Runs a line as the sandbox does, with nothing in the environment, where there is nothing to expand to."""
    return subprocess.run(["/bin/sh"], input=text, capture_output=True, env={}, cwd=Path("/proc/self/fd"), check=False)


def _is_of_a_file_system(character: str) -> bool:
    return not "\ud800" <= character < "\udc80" and not "\udcff" < character < "\ue000"


def _is_plain(command: str) -> bool:
    try:
        words.split(command)
    except words.Unclosed:
        return False
    return all(c.isascii() and (c.isalnum() or c in "'\"\\ \t-_.,:/") for c in command) and not command.endswith("\\")
