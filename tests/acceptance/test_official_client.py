# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false
# The client has no types.
"""The hosted service's own Python client, `very-good-ffmpeg`, unchanged but for its base URL: every method it has."""

import inspect
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import very_good_ffmpeg
from very_good_ffmpeg import VGF, Job, VGFAuthError, VGFError, VGFNotFoundError

from tests.acceptance.conftest import Service

NO_INPUT: dict[str, str] = {}
PICTURE = (NO_INPUT, ["o.png"], ["-f lavfi -i testsrc=s=64x64 -frames:v 1 {{o.png}}"])
ENDLESS = (NO_INPUT, ["o.mkv"], ["-re -f lavfi -i testsrc=s=64x64 -t 3600 -preset ultrafast {{o.mkv}}"])
UNKNOWN = "0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55"
TESTED = {
    "VGF": {"run", "arun"},
    "jobs": {"get", "aget", "list", "alist", "cancel", "acancel"},
    "files": {"prepare", "aprepare", "upload", "aupload"},
    "Job": {"wait", "async_wait", "cancel", "acancel"},
}


@pytest.fixture
def vgf(service: Service) -> VGF:
    return VGF(service.api_key, base_url=f"{service.url}/api")


def content(job: Job, name: str) -> bytes:
    with urlopen(job.output_files[name]) as answer:
        return answer.read()


@contextmanager
def refused(kind: type[VGFError], status: int, words: str | None = None) -> Generator[None]:
    """Fails unless the client raises this error; closes the answer that the client leaves open."""
    with pytest.raises(kind, match=words) as raised:
        yield
    assert raised.value.status_code == status
    assert isinstance(raised.value.__context__, HTTPError)
    raised.value.__context__.close()


def test_no_method_of_the_client_goes_untested(vgf: VGF) -> None:
    def methods(thing: object) -> set[str]:
        return {name for name, _ in inspect.getmembers(thing, callable) if not name.startswith("_")}

    assert {"VGF": methods(VGF), "jobs": methods(vgf.jobs), "files": methods(vgf.files), "Job": methods(Job)} == TESTED
    assert very_good_ffmpeg.__version__ == "1.2.1"


def test_run_submits_and_wait_polls_to_the_end(vgf: VGF) -> None:
    job = vgf.run(*PICTURE, timeout_seconds=60, machine="cpu")
    assert job.status in ("queued", "running", "succeeded")
    done = job.wait(poll_interval=0.05, timeout=60)
    assert done is job
    assert (done.status, done.error_message, done.timeout_seconds) == ("succeeded", "", 60)
    assert content(done, "o.png").startswith(b"\x89PNG")
    assert done.total_output_bytes == len(content(done, "o.png"))
    assert done.finished_at is not None


def test_run_with_wait_comes_back_with_the_end(vgf: VGF) -> None:
    job = vgf.run(*PICTURE, wait=True)
    assert job.status == "succeeded"
    assert content(job, "o.png")


def test_waiting_outlasts_the_silence_that_the_client_bears(vgf: VGF, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("very_good_ffmpeg._client._DEFAULT_TIMEOUT", 6)  # of 30 s: the blanks come every 5
    seconds = 7
    job = vgf.run(NO_INPUT, ["o.mkv"], [f"-re -f lavfi -i testsrc=s=64x64 -t {seconds} {{{{o.mkv}}}}"], wait=True)
    assert job.status == "succeeded", job.error_message


async def test_arun_and_async_wait(vgf: VGF) -> None:
    waited = await vgf.arun(*PICTURE, wait=True)
    assert waited.status == "succeeded"
    job = await vgf.arun(*PICTURE)
    assert (await job.async_wait(poll_interval=0.05, timeout=60)).status == "succeeded"


def test_a_failed_job_is_no_error_of_the_client(vgf: VGF) -> None:
    job = vgf.run(NO_INPUT, ["o.png"], ["-f lavfi -i testsrc -vf no_such_filter -frames:v 1 {{o.png}}"], wait=True)
    assert job.status == "failed"
    assert "no_such_filter" in job.error_message
    assert job.output_files == {}


@pytest.mark.parametrize("kind", ["bytes", "str", "Path"])
def test_upload_takes_bytes_and_paths(vgf: VGF, media: Path, kind: str) -> None:
    path = media / "bigbuckbunny.mp4"
    as_kind: dict[str, Any] = {"bytes": path.read_bytes(), "str": os.fspath(path), "Path": path}
    url = vgf.files.upload(as_kind[kind], content_type="video/mp4")
    job = vgf.run({"in.mp4": url}, ["o.m4a"], ["-i {{in.mp4}} -vn -c copy {{o.m4a}}"], wait=True)
    assert job.status == "succeeded", job.error_message
    assert job.total_input_bytes == path.stat().st_size


async def test_aupload_and_aprepare(vgf: VGF, media: Path) -> None:
    url = await vgf.files.aupload(media / "bigbuckbunny.mp4")
    with urlopen(url) as answer:
        assert answer.read() == (media / "bigbuckbunny.mp4").read_bytes()
    prepared = await vgf.files.aprepare()
    assert prepared.upload_url != prepared.download_url


def test_prepare_gives_the_two_urls_of_a_file(vgf: VGF, service: Service) -> None:
    prepared = vgf.files.prepare()
    assert prepared.upload_url.startswith(f"{service.url}/files/tmp/")
    assert prepared.download_url.startswith(f"{service.url}/files/tmp/")


async def test_jobs_get_and_aget(vgf: VGF) -> None:
    job = vgf.run(*PICTURE, wait=True)
    for found in (vgf.jobs.get(job.id), await vgf.jobs.aget(job.id)):
        assert (found.id, found.status, found.ffmpeg_commands) == (job.id, "succeeded", PICTURE[2])


async def test_jobs_list_and_alist(vgf: VGF) -> None:
    made = [vgf.run(*PICTURE, wait=True).id for _ in range(2)]
    for page in (vgf.jobs.list(limit=1, offset=1), await vgf.jobs.alist(limit=1, offset=1)):
        assert [job.id for job in page.data] == [made[0]]
        assert (page.paging_params.limit, page.paging_params.offset) == (1, 1)
        assert page.paging_params.total >= 2


def test_cancel_answers_with_the_cancelled_job(vgf: VGF) -> None:
    one, other = vgf.run(*ENDLESS), vgf.run(*ENDLESS)
    assert vgf.jobs.cancel(one.id).status == "cancelled"
    assert other.cancel().status == "cancelled"
    assert one.wait(poll_interval=0.05, timeout=60).status == "cancelled"


async def test_acancel(vgf: VGF) -> None:
    one, other = vgf.run(*ENDLESS), vgf.run(*ENDLESS)
    assert (await vgf.jobs.acancel(one.id)).status == "cancelled"
    assert (await other.acancel()).status == "cancelled"


def test_a_refusal_is_an_error_with_our_message(vgf: VGF) -> None:
    with refused(VGFError, 400, r"nope\.png"):
        vgf.run(NO_INPUT, ["o.png"], ["-f lavfi -i testsrc -frames:v 1 {{nope.png}}"])


def test_a_wrong_key_is_an_auth_error(service: Service) -> None:
    with refused(VGFAuthError, 401):
        VGF("ffm_wrong", base_url=f"{service.url}/api").jobs.list()


def test_an_unknown_job_is_a_not_found_error(vgf: VGF) -> None:
    with refused(VGFNotFoundError, 404):
        vgf.jobs.get(UNKNOWN)


def test_a_refused_upload_is_an_error(vgf: VGF, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = vgf.files.prepare()
    monkeypatch.setattr(vgf.files, "prepare", lambda: prepared)
    assert vgf.files.upload(b"first") == prepared.download_url
    with refused(VGFError, 409):
        vgf.files.upload(b"second")
