"""Work that grows no faster than what is sent: counted in calls, as a clock would fail on a busy machine.

What one regular expression does is not seen so: `make fuzz` gives each text in full length and a few seconds.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from hypothesis import strategies as st

from ffmill.errors import BadRequest, Forbidden
from ffmill.jobs import command, graphs, words
from ffmill.store.signing import Signer, SigningKey
from ffmill.worker.joblog import JobLog
from ffmill.worker.progress import ProgressReader
from tests.fuzz.pieces import PIECES
from tests.fuzz.target import only_long, target
from tests.fuzz.work import calls

TIMES = 200
MOST_SECONDS = 10.0  # of processor time; a linear reader needs hundredths of one, a quadratic one minutes
PUMPED = st.lists(PIECES, min_size=1, max_size=4).map("".join).map(lambda piece: piece or "a")
SIGNER = Signer([SigningKey(id="a", secret=b"a" * 32)], "https://x.org")


def resolve(text: str, files: int) -> None:
    """Resolves a command of a job that has so many files, with odd names too."""
    inputs = [f"in {number}.mp4" for number in range(files)] + [f"{{{{{number}}}}}" for number in range(files)]
    with suppress(BadRequest):
        command.resolve(
            [text.replace("\0", "")], inputs=inputs, outputs=[f"o{number}_%d.png" for number in range(files)]
        )


def split(text: str) -> None:
    """Splits a command."""
    with suppress(words.Unclosed):
        words.split(text)


def verify(text: str) -> None:
    """Verifies what is no URL of ours."""
    with suppress(Forbidden):
        SIGNER.verify("GET", f"https://x.org/files/{text}?expires=9&kid=a&sig={text}")


def log(text: str) -> None:
    """Takes a log, and the durations in it."""
    reader = ProgressReader(1)
    for line in JobLog().feed(text.encode(errors="replace")):
        reader.banner(line)


READERS: dict[str, Callable[[str], object]] = {
    "the splitter": split,
    "a command": lambda text: resolve(text, 20),
    "a graph": lambda text: list(graphs.filters(text)),
    "a graph in a command": lambda text: resolve(f"-vf {text}", 0),
    "a path in a command": lambda text: resolve(f"-i '{text}' '{text}'", 0),
    "a signed URL": verify,
    "a log": log,
}


@target(examples=40, piece=PUMPED, reader=st.sampled_from(sorted(READERS)))
def test_twice_the_text_is_at_most_twice_the_work(piece: str, reader: str) -> None:
    once, twice = (calls(lambda times=times: READERS[reader](piece * times)) for times in (TIMES, 2 * TIMES))
    assert twice <= 2.2 * once + 500


@target(examples=20, piece=PUMPED)
def test_twice_the_files_are_at_most_twice_the_work(piece: str) -> None:
    once, twice = (calls(lambda files=files: resolve(piece * TIMES, files)) for files in (50, 100))
    assert twice <= 2.2 * once + 500


@only_long(piece=PUMPED, begin=PUMPED, reader=st.sampled_from(sorted(READERS)))
def the_longest_text_is_read_in_seconds(piece: str, begin: str, reader: str) -> None:
    """And what is read of it is not what it depends on: begun with another text, ended anywhere."""
    started = time.thread_time()
    READERS[reader](begin + piece * ((command.MAX_BYTES - 1000) // (4 * len(piece))))
    assert time.thread_time() - started < MOST_SECONDS
