"""The client against a real service: jobs, waiting, events, files, refusals."""

import io
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ffmill.client import (
    AsyncFfmill,
    BadApiKey,
    Conflict,
    Ended,
    Event,
    Ffmill,
    Forbidden,
    InvalidRequest,
    Job,
    JobCancelled,
    JobFailed,
    LogLine,
    NotFound,
    OutputStored,
    Progressed,
    StatusChanged,
    TimedOut,
    asynchronous,
)
from tests.acceptance.conftest import Service

from .conftest import Breaking

PICTURE = "-f lavfi -i testsrc2=size=64x36 -frames:v 1 {{card.png}}"
NOISE = "-f lavfi -i nullsrc=size=512x512,geq=random(1)*255:128:128 -frames:v 4 -c:v rawvideo -f rawvideo {{noise.yuv}}"
ENDLESS = "-re -f lavfi -i testsrc2=size=64x36 -t 3600 -preset ultrafast {{o.mkv}}"
UNKNOWN = "0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55"


@pytest.fixture(scope="module")
def done(service: Service) -> Job:
    """A job that has succeeded; its output is a mebibyte and more of noise."""
    with Ffmill(service.url, service.api_key, transport=httpx.HTTPTransport()) as client:
        return client.wait(client.submit(NOISE, outputs=["noise.yuv"]))


def test_a_job_is_made_waited_for_and_brought_home(ffmill: Ffmill, tmp_path: Path) -> None:
    seen: list[Job] = []
    job = ffmill.submit(PICTURE, outputs=["card.png"], metadata={"order": "17"}, priority=3, timeout_seconds=60)
    assert (job.status, job.metadata, job.priority, job.timeout_seconds) == ("queued", {"order": "17"}, 3, 60)
    ended = ffmill.wait(job, on_progress=seen.append)
    assert (ended.id, ended.status, ended.progress) == (job.id, "succeeded", 100)
    assert {each.id for each in seen} == {job.id}
    assert seen[-1] == ended
    (path,) = ffmill.download_all(ended, tmp_path)
    assert (path, path.read_bytes()[:4]) == (tmp_path / "card.png", b"\x89PNG")
    assert path.read_bytes() == ffmill.download(ended, tmp_path / "again").read_bytes()
    assert "exit code 0" in ffmill.logs(ended)


async def test_in_an_event_loop_the_same_is_done(service: Service, tmp_path: Path) -> None:
    async with AsyncFfmill(service.url, service.api_key, transport=httpx.AsyncHTTPTransport()) as client:
        url = await client.upload(b"P5 1 1 255 \xff", name="dot.pgm")
        job = await client.submit("-i {{in.pgm}} {{o.png}}", inputs={"in.pgm": url}, outputs=["o.png"])
        events = [event async for event in client.events(job)]
        assert isinstance(events[-1], Ended)
        ended = await client.wait(job)
        assert (await client.download(ended, tmp_path / "o.png")).read_bytes()[:4] == b"\x89PNG"
        assert (await anext(client.jobs(status="succeeded"))).id == job.id


async def test_the_client_without_a_loop_works_inside_one(ffmill: Ffmill) -> None:
    assert ffmill.wait(ffmill.submit(PICTURE, outputs=["card.png"])).status == "succeeded"
    assert next(ffmill.jobs()).status == "succeeded"


def test_a_failed_job_is_raised_with_its_reason(ffmill: Ffmill) -> None:
    job = ffmill.submit("-f lavfi -i testsrc -vf scael=1:1 -frames:v 1 {{o.png}}", outputs=["o.png"])
    with pytest.raises(JobFailed, match="scael") as raised:
        ffmill.wait(job)
    failure = raised.value.job.error
    assert failure is not None
    assert (failure.code, failure.stage, failure.command_index) == ("no_such_filter", "command", 0)
    assert ffmill.wait(job, check=False) == raised.value.job


def test_a_cancelled_job_is_raised_as_one(ffmill: Ffmill) -> None:
    job = ffmill.submit(ENDLESS, outputs=["o.mkv"])
    assert ffmill.cancel(job).status == "cancelled"
    assert ffmill.cancel(job.id).status == "cancelled"
    with pytest.raises(JobCancelled) as raised:
        ffmill.wait(job.id)
    assert raised.value.job.id == job.id


def test_a_wait_that_is_over_leaves_the_job_to_itself(ffmill: Ffmill) -> None:
    job = ffmill.submit(ENDLESS, outputs=["o.mkv"])
    with pytest.raises(TimedOut):
        ffmill.wait(job, timeout_seconds=0.1)
    assert ffmill.get(job).status in ("queued", "running")
    ffmill.cancel(job)


def test_a_create_under_the_same_key_makes_no_second_job(ffmill: Ffmill) -> None:
    key = uuid4().hex
    first, second = (ffmill.submit(PICTURE, outputs=["card.png"], idempotency_key=key) for _ in range(2))
    assert first.id == second.id
    assert ffmill.submit(PICTURE, outputs=["card.png"]).id != first.id
    with pytest.raises(Conflict):
        ffmill.submit(PICTURE, outputs=["card.png"], priority=1, idempotency_key=key)


def test_a_batch_is_listed_page_by_page(ffmill: Ffmill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "PAGE", 2)
    order = uuid4().hex
    bodies = [
        asynchronous.body_of(PICTURE, inputs={}, outputs=["card.png"], metadata={"order": order}) for _ in range(5)
    ]
    made = ffmill.submit_many(bodies)
    ours = {"metadata.order": order}
    assert [job.id for job in ffmill.jobs(**ours)] == [job.id for job in reversed(made)]
    assert list(ffmill.jobs(**ours, created_before=made[0].created_at.isoformat())) == []
    for job in made:
        ffmill.cancel(job)


def test_events_tell_a_job_to_its_end(ffmill: Ffmill) -> None:
    events = list(ffmill.events(ffmill.submit(PICTURE, outputs=["card.png"])))
    kinds = {type(event) for event in events}
    assert {StatusChanged, LogLine, OutputStored, Ended} <= kinds <= {*kinds, Progressed}
    assert isinstance(events[-1], Ended)
    assert events[-1].job.status == "succeeded"


def test_events_go_on_after_the_last_that_was_seen(ffmill: Ffmill, done: Job) -> None:
    events = list(ffmill.events(done))
    for n in (0, len(events) // 2, len(events) - 1):
        rest = list(ffmill.events(done, last_event_id=events[n].id))
        assert [each.id for each in rest] == [each.id for each in events[n + 1 :]]
    assert [type(each) for each in ffmill.events(done, types=["end"])] == [Ended]


def test_events_that_break_off_are_taken_up_again(service: Service, ffmill: Ffmill, done: Job) -> None:
    whole = list(ffmill.events(done))
    breaking = Breaking("/events", after=[400, 700, 1])
    with Ffmill(service.url, service.api_key, transport=breaking) as client:
        assert [each.id for each in client.events(done)] == [each.id for each in whole]
    assert len(breaking.asked) == 4
    assert "last-event-id" not in breaking.asked[0]
    assert breaking.asked[-1]["last-event-id"] in {each.id for each in whole}


def test_waiting_outlasts_streams_that_break(service: Service) -> None:
    breaking = Breaking("/events", after=[1, 1])
    with Ffmill(service.url, service.api_key, transport=breaking) as client:
        assert client.wait(client.submit(PICTURE, outputs=["card.png"])).status == "succeeded"


def test_the_events_of_the_account_tell_of_its_jobs(ffmill: Ffmill) -> None:
    job = ffmill.submit(ENDLESS, outputs=["o.mkv"])
    told: list[Event] = []
    with closing(ffmill.account_events(types=["status", "end"])) as events:
        for event in events:
            told += [event] * (event.job_id == job.id)
            if isinstance(event, Ended) and told:
                break
            ffmill.cancel(job)
    assert isinstance(told[0], StatusChanged)
    assert isinstance(told[-1], Ended)
    assert told[-1].job.status == "cancelled"


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "file", "pipe"])
def test_an_upload_of_any_kind_is_an_input(ffmill: Ffmill, media: Path, tmp_path: Path, kind: str) -> None:
    path, sent = media / "bigbuckbunny.mp4", list[tuple[int, int | None]]()
    size = path.stat().st_size
    if kind == "pipe":
        ours, theirs = os.pipe()
        with os.fdopen(theirs, "wb") as end:
            end.write(b"P5 1 1 255 \xff")
        with os.fdopen(ours, "rb") as pipe:
            url = ffmill.upload(pipe, on_progress=lambda done, total: sent.append((done, total)))
        assert sent == [(12, None)]
        assert ffmill.download(url, tmp_path / "f").read_bytes() == b"P5 1 1 255 \xff"
        return
    with path.open("rb") as file:
        as_kind = {"path": path, "str": str(path), "bytes": path.read_bytes(), "file": file}[kind]
        url = ffmill.upload(as_kind, name="in.mp4", on_progress=lambda done, total: sent.append((done, total)))
    assert sent[-1] == (size, size)
    assert ffmill.download(url, tmp_path / "f").read_bytes() == path.read_bytes()


def test_an_upload_is_of_the_type_that_its_name_says(ffmill: Ffmill) -> None:
    for url, kind in (
        (ffmill.upload(b"x", name="a.mp4"), "video/mp4"),
        (ffmill.upload(io.BytesIO(b"x")), "application/octet-stream"),
    ):
        assert httpx.head(url, trust_env=False).headers["content-type"] == kind


def test_the_rest_of_a_file_is_uploaded_from_where_it_is(ffmill: Ffmill, tmp_path: Path) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    assert ffmill.download(ffmill.upload(file), tmp_path / "f").read_bytes() == b"456789"


def test_a_broken_download_is_taken_up_again(service: Service, ffmill: Ffmill, done: Job, tmp_path: Path) -> None:
    whole = ffmill.download(done, tmp_path / "whole").read_bytes()
    assert len(whole) == done.total_output_bytes
    breaking = Breaking("/files/", after=[100_000, 1, 300_000])
    told: list[tuple[int, int | None]] = []
    with Ffmill(service.url, service.api_key, transport=breaking) as client:
        client.download(done, tmp_path / "broken", on_progress=lambda done, total: told.append((done, total)))
    assert (tmp_path / "broken").read_bytes() == whole
    assert len(breaking.asked) == 4
    assert all("authorization" not in each for each in breaking.asked)
    assert [each.get("range", "").partition("-")[0] for each in breaking.asked][:3] == [
        "",
        "bytes=100000",
        "bytes=100001",
    ]
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
    assert told[-1] == (len(whole), len(whole))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["broken", "whole"]


def test_deleted_files_are_gone(ffmill: Ffmill, tmp_path: Path) -> None:
    job = ffmill.wait(ffmill.submit(PICTURE, outputs=["card.png"]))
    deleted = ffmill.delete_files(job)
    assert deleted.output_files == {}
    assert deleted.files_deleted_at is not None
    with pytest.raises(NotFound):
        ffmill.download(job, tmp_path / "card.png")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_a_job_has_not_is_not_guessed(ffmill: Ffmill, done: Job, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"noise\.yuv"):
        ffmill.download(done, tmp_path / "f", name="other.yuv")


def test_a_probe_says_what_ffprobe_says(ffmill: Ffmill, media: Path) -> None:
    told = ffmill.probe(ffmill.upload(media / "bigbuckbunny.mp4"))
    assert {"format", "streams"} <= told.keys()
    assert {stream["codec_type"] for stream in told["streams"]} == {"video", "audio"}


@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_a_validation_says_what_would_become_of_a_job(ffmill: Ffmill, good: bool) -> None:
    found = ffmill.validate(PICTURE if good else PICTURE.replace("testsrc2", "tsetsrc2"), outputs=["card.png"])
    assert found.valid is good
    assert bool(found.problems) is not good
    assert good == (found.commands[0] is not None and "-frames:v" in found.commands[0] and not found.problems)


def test_a_validation_of_words_that_cannot_be_known_is_read(ffmill: Ffmill) -> None:
    found = ffmill.validate("-i {{nowhere}} 'unclosed", outputs=["card.png"])
    assert not found.valid
    assert found.commands == (None,)


def test_a_wrong_key_and_an_unknown_job_have_their_errors(service: Service, ffmill: Ffmill) -> None:
    with Ffmill(service.url, "ffm_wrong", transport=httpx.HTTPTransport()) as client, pytest.raises(BadApiKey):
        next(client.jobs())
    calls: tuple[Callable[[str], object], ...] = (
        *(ffmill.get, ffmill.wait, ffmill.logs, ffmill.cancel, ffmill.delete_files),
        lambda job: next(ffmill.events(job)),
    )
    for call in calls:
        with pytest.raises(NotFound) as raised:
            call(UNKNOWN)
        assert (raised.value.status, raised.value.error_code) == (404, "notFound")
        assert raised.value.request_id


def test_a_key_with_a_line_end_is_not_sent(service: Service) -> None:
    key = f"{service.api_key}\nX: y"
    with Ffmill(service.url, key, transport=httpx.HTTPTransport()) as client, pytest.raises(InvalidRequest):
        next(client.jobs())


def test_a_changed_url_is_forbidden(ffmill: Ffmill, done: Job, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        ffmill.download(f"{done.output_files['noise.yuv']}x", tmp_path / "f")
