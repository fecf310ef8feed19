"""A probe as a job: what it is called, what it runs, and what its failures are answered with."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ffmill.accounts.model import Account, Terms
from ffmill.errors import BadRequest, FailureCode, Unavailable
from ffmill.jobs import probing
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job, Status
from tests.running import job


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/Film.MP4?sig=1.mov", "media.mp4"),
        ("https://example.org/a/film", "media"),
        ("https://example.org/", "media"),
        ("https://example.org/a.b%2f", "media"),
        ("https://example.org/x.тест", "media"),
        ("https://example.org/x.ts#f.mkv", "media.ts"),
    ],
)
def test_the_suffix_of_the_url_is_all_that_is_kept_of_it(url: str, name: str) -> None:
    assert probing.name_of(url) == name


@pytest.mark.parametrize(
    ("allowed", "machines", "machine"),
    [(None, ("nvidia", "cpu"), "cpu"), (("nvidia",), ("cpu", "nvidia"), "nvidia"), (None, ("big", "small"), "big")],
    ids=["any", "nvidia alone", "no cpu"],
)
def test_it_runs_where_the_account_may_run_jobs(
    allowed: tuple[str, ...] | None, machines: tuple[str, ...], machine: str
) -> None:
    account = Account(id=uuid4(), name="a", created_at=datetime.now(UTC), terms=Terms(machines=allowed))
    assert probing.submission(account, "https://example.org/x", machines, None).machine == machine


def test_it_reads_its_input_and_writes_its_output() -> None:
    resolved = probing.resolve(job(input_files={"media.mp4": "https://example.org/x"}))
    (argv,) = resolved.argvs
    assert argv[-3:] == ("-o", "outputs/probe.json", "inputs/media.mp4")


def failed(code: FailureCode, summary: str = "why", detail: str = "", **more: object) -> Job:
    """A probe that failed of this."""
    failure = Failure(code=code, stage=Stage.COMMAND, summary=summary, detail=detail)
    probe = job(input_files={"media.mp4": "https://example.org/x"})
    return replace(probe, status=Status.FAILED, error=failure, **more)  # pyright: ignore[reportArgumentType]


def test_success_is_no_refusal() -> None:
    assert probing.refusal(replace(job(), status=Status.SUCCEEDED)) is None


REFUSED = [
    (
        failed(FailureCode.INPUT_NOT_MEDIA, "ffprobe exited with code 1", "[x] a\ninputs/media.mp4: Invalid data"),
        "url: this is no media that FFmpeg can read: Invalid data",
    ),
    (
        failed(FailureCode.INPUT_NOT_MEDIA, "ffprobe exited with code 1"),
        "url: this is no media that FFmpeg can read: ffprobe exited with code 1",
    ),
    (
        failed(FailureCode.INPUT_UNREACHABLE, 'input "media.mp4" could not be fetched: http://x answered 404'),
        "url: could not be fetched: http://x answered 404",
    ),
    (failed(FailureCode.TIME_LIMIT), "url: fetching and reading it took longer than 60 s"),
    (failed(FailureCode.DISK_LIMIT, total_input_bytes=1), "url: what ffprobe tells of it is longer than 4 MiB"),
    (failed(FailureCode.INPUT_TOO_LARGE, 'input "media.mp4" is too large'), "url: is too large"),
    (failed(FailureCode.FFMPEG_CRASHED, "ffprobe exited with code 139"), "ffprobe exited with code 139"),
]


@pytest.mark.parametrize(("probe", "message"), REFUSED, ids=[str(at) for at in range(len(REFUSED))])
def test_what_lies_with_the_file_is_a_bad_request_about_the_url(probe: Job, message: str) -> None:
    refusal = probing.refusal(probe)
    assert isinstance(refusal, BadRequest)
    assert refusal.message.startswith(message)


@pytest.mark.parametrize("code", [FailureCode.WORKER_FAULT, FailureCode.WORKER_LOST, FailureCode.RULES_CHANGED])
def test_what_may_pass_is_unavailable(code: FailureCode) -> None:
    assert isinstance(probing.refusal(failed(code)), Unavailable)


def test_a_probe_that_was_not_done_in_time_is_unavailable() -> None:
    assert isinstance(probing.refusal(replace(job(), status=Status.CANCELLED)), Unavailable)


def test_a_refusal_of_the_input_is_said_of_the_url() -> None:
    assert probing.of_url('input_files: "media.mp4": it has expired', "media.mp4") == "url: it has expired"
