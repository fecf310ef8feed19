"""Every rule that a submission breaks: all of them at once, each where it belongs."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ffmill.accounts.model import Account, Terms
from ffmill.checking import refused
from ffmill.checking.checking import Checking
from ffmill.checking.finding import Advice
from ffmill.checking.refused import Read
from ffmill.config import Settings
from ffmill.errors import BadRequest, TooManyRequests, Unavailable
from ffmill.jobs import rules
from ffmill.jobs.model import Submission
from tests.docs_pages import ROOT

GOOD = "-i {{in.mp4}} -c copy {{out.mp4}}"


def submission(*commands: str, outputs: tuple[str, ...] = ("out.mp4",), **fields: object) -> Submission:
    """One that reads in.mp4."""
    inputs = {"in.mp4": "https://example.org/in.mp4"}
    return Submission(input_files=inputs, output_files=outputs, ffmpeg_commands=commands, **fields)  # pyright: ignore[reportArgumentType]


def read(asked: Submission, *machines: str, terms: Terms | None = None) -> Read:
    """What the rules say, on these machines, or `cpu` alone."""
    return refused.read(asked, machines or ("cpu",), terms or Terms())


def told(found: Read) -> list[tuple[int | None, str]]:
    """The problems: which command, and the beginning of the message."""
    return [(problem.command_index, problem.message[:24]) for problem in found.problems]


def test_a_good_submission_has_no_problems_and_shows_what_ffmpeg_gets() -> None:
    found = read(submission(f"ffmpeg {GOOD}"))
    assert (found.problems, found.warnings, found.machine) == ([], [], "cpu")
    assert found.argvs == [("-i", "inputs/in.mp4", "-c", "copy", "outputs/out.mp4")]


def test_every_command_is_looked_at_by_itself() -> None:
    found = read(submission("-i {{on.mp4}} x.mp4", GOOD, "-i in.mp4 https://example.org/x", "'"))
    assert told(found) == [
        (0, '"{{on.mp4}}" names neithe'[:24]),
        (2, '"https://example.org/x" i'[:24]),
        (3, "the quote ' at character"),
    ]
    assert [argv is None for argv in found.argvs] == [True, False, False, True]


def test_a_message_is_that_of_a_create_without_the_place() -> None:
    asked = submission("-i {{on.mp4}} {{out.mp4}}", GOOD)
    with pytest.raises(BadRequest) as caught:
        rules.admit(asked, ("cpu",))
    (problem,) = read(asked).problems
    assert caught.value.message == f"ffmpeg_commands[0]: {problem.message}"
    assert problem.code == "badRequest"


def test_every_output_that_no_command_writes_is_named() -> None:
    found = read(submission(GOOD, outputs=("out.mp4", "b.png", "c.png")))
    assert [problem.message.partition(",")[0] for problem in found.problems] == [
        'output_files lists "b.png"',
        'output_files lists "c.png"',
    ]


def test_a_command_that_cannot_be_read_may_write_anything() -> None:
    found = read(submission("-i {{on.mp4}} t.mp4", "-i t.mp4 -c copy {{out.mp4}}", outputs=("out.mp4", "b.png")))
    assert [index for index, _ in told(found)] == [0]


def test_a_command_that_breaks_a_rule_still_writes_what_it_says() -> None:
    found = read(submission("-i https://example.org/a.mp4 t.mp4", "-i t.mp4 -c copy {{out.mp4}}"))
    assert [index for index, _ in told(found)] == [0]


def test_bad_names_are_all_told() -> None:
    found = read(submission(GOOD, outputs=("out.mp4", ".hidden", "a/b", "", "out.mp4")))
    messages = [problem.message for problem in found.problems if "cannot be a file name" in problem.message]
    assert len(messages) == 3
    assert any("twice" in problem.message for problem in found.problems)


def test_a_machine_that_there_is_not_is_told_once() -> None:
    found = read(submission(GOOD, "-i in.mp4 -c:v h264_nvenc x.mp4", machine="moon"))
    assert [(problem.command_index, problem.message) for problem in found.problems] == [
        (None, 'there is no machine "moon" here; there are: cpu')
    ]


def test_each_command_that_needs_a_gpu_is_told_where_there_is_none() -> None:
    found = read(submission(GOOD, "-i in.mp4 -c:v h264_nvenc x.mp4", "-hwaccel cuda -i in.mp4 y.mp4", machine="nvidia"))
    assert [index for index, _ in told(found)] == [1, 2]
    assert found.warnings == []


def test_what_would_be_done_differently_is_a_warning() -> None:
    found = read(submission(f"-n {GOOD}", machine="nvidia", warnings=("an unknown field",)))
    assert [(warning.code, warning.command_index) for warning in found.warnings] == [
        ("done_differently", None),
        ("done_differently", 0),
        ("done_differently", None),
    ]
    assert found.machine == "cpu"


def test_what_the_account_may_not_have_is_forbidden() -> None:
    found = read(submission(GOOD, timeout_seconds=100), terms=Terms(max_timeout_seconds=10))
    assert [problem.code for problem in found.problems] == ["forbidden"]


def test_an_argument_that_is_too_long_is_told() -> None:
    found = read(submission(f"-i {{{{in.mp4}}}} -x264-params a={'x' * 140_000} {{{{out.mp4}}}}"))
    assert [(index, message[:12]) for index, message in told(found)] == [(0, "the argument")]


def test_every_kind_of_advice_is_documented() -> None:
    page = (ROOT / "docs" / "checking.md").read_text()
    assert [code for code in Advice if f"| `{code}` |" not in page] == []


def account() -> Account:
    """One among others."""
    return Account(id=uuid4(), name="a", created_at=datetime.now(UTC), terms=Terms())


def turn(checking: Checking, of: Account) -> AbstractContextManager[None]:
    """Of a long submission to be looked at."""
    return checking._turn(of)  # pyright: ignore[reportPrivateUsage]


def test_no_account_has_two_long_submissions_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffmill.checking.checking.MOST_LONG", 2)
    checking, ours = Checking(Settings(), None, None), account()  # pyright: ignore[reportArgumentType]  # nothing is read
    with turn(checking, ours), turn(checking, account()):
        with pytest.raises(TooManyRequests), turn(checking, ours):
            pass
        with pytest.raises(Unavailable), turn(checking, account()):
            pass
    with turn(checking, ours):
        pass
