"""What is wrong with a command is known without running it, and nothing is where FFmpeg takes it."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ffmill.diagnosis.known import problems
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build
from ffmill.jobs.words import split
from tests.docs_pages import PAGES, ROOT
from tests.integration.diagnosis.bench import Bench
from tests.integration.diagnosis.good_commands import COMMANDS
from tests.integration.diagnosis.mistakes import Mistake
from tests.integration.diagnosis.test_mistakes import MISTAKES
from tests.integration.sandbox import test_varied

KNOWN = {
    FailureCode.NO_SUCH_OPTION,
    FailureCode.NO_SUCH_ENCODER,
    FailureCode.NO_SUCH_DECODER,
    FailureCode.NO_SUCH_FILTER,
    FailureCode.NO_SUCH_FORMAT,
    FailureCode.NO_SUCH_PIXEL_FORMAT,
    FailureCode.NO_SUCH_BITSTREAM_FILTER,
}
OF_DOCS = re.compile(r'"ffmpeg_commands?": (\[.*?\](?=[,\s}])|"(?:[^"\\]|\\.)*")', re.DOTALL)
OF_MISTAKES = {"checking.md", "errors.md", "events.md"}  # pages that show what is wrong
UNTOLD = {  # only FFmpeg tells
    *("no-dash", "unicode-dash", "dash-alone", "backslash-blank", "filt-format", "dec-none", "in-f-png"),
    *("opt-absf", "opt-duration"),
}
COMMAS = {"filt-drawtext-comma"}


def of_docs(page: Path) -> Iterator[str]:
    """The commands in the JSON of a page."""
    for found in OF_DOCS.finditer(page.read_text()):
        try:
            commands = json.loads(found[1])
        except json.JSONDecodeError:  # a piece of a shell's quoting
            continue
        yield from [commands] if isinstance(commands, str) else commands


def of_source(path: Path) -> Iterator[str]:
    """The strings of a test that are whole commands."""
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if re.match(r"(ffmpeg )?-\S+ ", text) and text.count('"') % 2 == 0:  # an odd one is a piece of a longer one
            yield text


def corpus() -> list[str]:
    """Commands that are known to work: of the documentation, of other tests, and those that mistakes are mended to."""
    docs = [command for page in PAGES if page.name not in OF_MISTAKES for command in of_docs(page)]
    tests = [*of_source(ROOT / "tests" / "acceptance" / "test_conversions.py"), *test_varied.COMMANDS.values()]
    mended = [mistake.corrected for mistake in MISTAKES if mistake.corrected is not None]
    return [command for command in (*docs, *tests, *mended, *COMMANDS) if "no_such" not in command]


def words(command: str) -> list[str]:
    """The words after `ffmpeg`; placeholders stand for themselves."""
    found = split(re.sub(r"\{\{(.*?)\}\}|<<(.*?)>>", lambda one: (one[1] or one[2]).replace(" ", "_"), command))
    return found[1:] if found[:1] == ["ffmpeg"] else found


def test_commands_that_work_have_no_problem(build: Build) -> None:
    commands = corpus()
    assert len(commands) > 250
    assert {command: found for command in commands if (found := problems(words(command), build))} == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_ffmpeg_takes_the_good_commands(command: str, bench: Bench, tmp_path: Path) -> None:
    assert bench.fails(command, tmp_path) is None


@pytest.mark.parametrize(
    "mistake", [mistake for mistake in MISTAKES if mistake.code in KNOWN], ids=lambda mistake: mistake.name
)
def test_what_ffmpeg_does_not_know_is_known_before(mistake: Mistake, build: Build) -> None:
    found = problems(words(mistake.command), build)
    codes = {FailureCode.NO_SUCH_FILTER} if mistake.name in COMMAS else {mistake.code}
    assert codes <= {problem.code for problem in found} or mistake.name in UNTOLD


def test_a_problem_names_the_word_and_what_it_should_be(build: Build) -> None:
    (found,) = problems(words("-i a.mp4 -filter_complex [0:v]scal=2:2[v] -map [v] o.mp4"), build)
    assert (found.code, found.at, found.replacement) == (FailureCode.NO_SUCH_FILTER, 3, "[0:v]scale=2:2[v]")
    assert found.hint == "write scale"


def test_many_problems_are_told_up_to_a_number(build: Build) -> None:
    assert len(problems([*(f"-aaaa{number}" for number in range(2000)), "x", "o.mp4"], build)) == 20


def test_a_question_to_ffmpeg_has_no_problem(build: Build) -> None:
    assert problems(["-h", "encoder=libx246"], build) == []
