"""The Python client against a live service."""

from collections.abc import Generator
from pathlib import Path

import pytest

from ffmill.client import (
    AsyncFfmill,
    BadApiKey,
    BadRequest,
    Ended,
    Ffmill,
    JobCancelled,
    JobFailed,
    LogLine,
    NotFound,
    OutputStored,
    StatusChanged,
    TimedOut,
)
from tests.acceptance.conftest import Service

SLOW = "-re -f lavfi -i testsrc=s=64x64 -t 60 {{o.mkv}}"
CARD = "-f lavfi -i testsrc=s=64x64 -frames:v 1 {{card.png}}"


@pytest.fixture
def ffmill(service: Service) -> Generator[Ffmill]:
    with Ffmill(service.url, service.api_key) as client:
        yield client


def test_a_file_is_brought_up_converted_and_brought_down(ffmill: Ffmill, media: Path, tmp_path: Path) -> None:
    clip = media / "bigbuckbunny.mp4"
    sent: list[tuple[int, int | None]] = []
    url = ffmill.upload(clip, on_progress=lambda done, total: sent.append((done, total)))
    assert sent[-1] == (clip.stat().st_size, clip.stat().st_size)
    job = ffmill.submit("-i {{in.mp4}} -t 1 -vn -c copy {{o.m4a}}", inputs={"in.mp4": url}, outputs=["o.m4a"])
    done = ffmill.wait(job)
    assert (done.status, done.id, done.total_input_bytes) == ("succeeded", job.id, clip.stat().st_size)
    (file,) = ffmill.download_all(done, tmp_path)
    assert file.stat().st_size == done.total_output_bytes
    assert ffmill.delete_files(done).output_files == {}


def test_events_tell_the_whole_story(ffmill: Ffmill) -> None:
    job = ffmill.submit(CARD, outputs=["card.png"])
    told = list(ffmill.events(job))
    assert [event.status for event in told if isinstance(event, StatusChanged)][-1] == "succeeded"
    lines = [event.text for event in told if isinstance(event, LogLine)]
    assert "\n".join(lines) == ffmill.logs(job).rstrip("\n")
    assert [event.name for event in told if isinstance(event, OutputStored)] == ["card.png"]
    assert isinstance(told[-1], Ended)
    assert told[-1].job.output_files.keys() == {"card.png"}


def test_a_failed_job_tells_why(ffmill: Ffmill) -> None:
    with pytest.raises(JobFailed) as caught:
        ffmill.wait(ffmill.submit(CARD.replace("-frames:v", "-vf nosuch -frames:v"), outputs=["card.png"]))
    error = caught.value.job.error
    assert error
    assert (error.code, error.stage, error.command_index) == ("no_such_filter", "command", 0)


def test_a_job_is_cancelled_by_whoever_does_not_wait_any_more(ffmill: Ffmill) -> None:
    job = ffmill.submit(SLOW, outputs=["o.mkv"], metadata={"of": "test_client"})
    with pytest.raises(TimedOut):
        ffmill.wait(job, timeout_seconds=0.5)
    assert ffmill.cancel(job).status == "cancelled"
    with pytest.raises(JobCancelled):
        ffmill.wait(job)
    assert [each.id for each in ffmill.jobs(**{"metadata.of": "test_client"})] == [job.id]


def test_refusals_are_typed(ffmill: Ffmill, service: Service) -> None:
    with pytest.raises(BadRequest, match=r"o\.png"):
        ffmill.submit(CARD, outputs=["o.png"])
    with pytest.raises(NotFound):
        ffmill.get("nowhere/../x")
    with Ffmill(service.url, "ffm_wrong") as stranger, pytest.raises(BadApiKey):
        next(stranger.jobs())


def test_a_key_makes_one_job_however_often_it_is_sent(ffmill: Ffmill) -> None:
    jobs = [ffmill.submit(CARD, outputs=["card.png"], idempotency_key="test-client") for _ in range(2)]
    assert jobs[0].id == jobs[1].id
    assert len(ffmill.submit_many([{"output_files": ["card.png"], "ffmpeg_commands": [CARD]}] * 2)) == 2


async def test_in_an_event_loop_it_is_the_same(service: Service, tmp_path: Path) -> None:
    async with AsyncFfmill(service.url, service.api_key) as ffmill:
        url = await ffmill.upload(b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n")
        job = await ffmill.submit("-i {{a.vtt}} {{a.srt}}", inputs={"a.vtt": url}, outputs=["a.srt"])
        (file,) = await ffmill.download_all(await ffmill.wait(job), tmp_path)
    assert "hello" in file.read_text()
