"""`ffmill run`, `jobs`, `probe` and `login`."""

import json
import stat
from pathlib import Path

import pytest

from ffmill.cli.remote.connection import login_path
from ffmill.cli.remote.jobs import ids
from tests.acceptance.conftest import Service
from tests.integration.cli.conftest import Run

FRAME = ("-i", "{{video}}", "-frames:v", "1", "{{one.jpg}}")


def test_a_job_with_names_of_its_own_comes_down_into_a_directory(ffmill: Run, here: Path) -> None:
    ran = ffmill("run", "-i", "video=clip.mp4", "-o", "one.jpg", "--output-dir", "new/out", "--", *FRAME)
    assert (ran.code, ran.out) == (0, "new/out/one.jpg\n")
    assert (here / "new/out/one.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_several_commands_and_a_written_job_are_run(ffmill: Run, here: Path) -> None:
    first, second = "-i {{video}} -t 1 -c copy temp.mp4", "-i temp.mp4 -frames:v 1 {{one.jpg}}"
    assert ffmill("run", "-i", "video=clip.mp4", "-o", "one.jpg", "-c", first, "-c", second).code == 0
    (here / "job.json").write_text(
        json.dumps(
            {
                "input_files": {"video": "clip.mp4"},
                "output_files": ["two.jpg"],
                "ffmpeg_commands": ["-i {{video}} -frames:v 1 {{two.jpg}}"],
                "metadata": {"order": "17"},
            }
        )
    )
    told = json.loads(ffmill("run", "job.json", "--json").out)
    assert (told["job"]["metadata"], told["files"]) == ({"order": "17"}, ["two.jpg"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "o"), "there is no command"),
        (("-i", "clip.mp4", "--", "x"), "write NAME=PATH or NAME=URL"),
        (("-i", "a=no.mp4", "--", "x"), "no.mp4: there is no such file"),
        (("no.json",), "no.json is no job as JSON"),
    ],
    ids=["no command", "no name", "no file", "no body"],
)
def test_what_is_no_job_is_refused_in_one_line(ffmill: Run, words: tuple[str, ...], said: str) -> None:
    ran = ffmill("run", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert said in ran.err


def test_a_failed_job_says_why_and_ends_with_1(ffmill: Run) -> None:
    ran = ffmill("run", "-o", "o.mp4", "--", "-f", "lavfi", "-i", "testsrc=d=1", "-c:v", "libx265x", "{{o.mp4}}")
    assert ran.code == 1
    assert "ffmpeg exited with code 8" in ran.err
    assert "hint: " in ran.err


def test_a_job_is_listed_shown_followed_and_downloaded(ffmill: Run, here: Path) -> None:
    job_id = ffmill("run", "--no-wait", "-i", "video=clip.mp4", "-o", "one.jpg", "--", *FRAME).out.strip()
    watched = ffmill("jobs", "watch", job_id)
    assert (watched.code, watched.out) == (0, "succeeded\n")
    assert job_id in ffmill("jobs", "list").out
    assert json.loads(ffmill("jobs", "list", "--json", "--limit", "1").out)[0]["id"] == job_id
    assert ffmill("jobs", "list", "--status", "queued").out.count(job_id) == 0
    assert "succeeded" in ffmill("jobs", "show", job_id).out
    assert json.loads(ffmill("jobs", "show", job_id, "--json").out)["output_files"].keys() == {"one.jpg"}
    assert "$ ffmpeg -i " in ffmill("jobs", "logs", job_id).out
    assert ffmill("jobs", "download", job_id, "--output-dir", "d").out == "d/one.jpg\n"
    assert (here / "d/one.jpg").exists()
    assert "it has: one.jpg" in ffmill("jobs", "download", job_id, "no.jpg").err
    assert ids(job_id[:8]) == [job_id]


def test_a_job_is_cancelled(ffmill: Run) -> None:
    words = ("-re", "-f", "lavfi", "-i", "testsrc=d=300", "{{o.mp4}}")
    job_id = ffmill("run", "--no-wait", "-o", "o.mp4", "--", *words).out.strip()
    assert ffmill("jobs", "cancel", job_id).out == "cancelled\n"
    assert ffmill("jobs", "watch", job_id).code == 1


def test_a_job_that_is_not_there_is_one_line(ffmill: Run) -> None:
    ran = ffmill("jobs", "show", "nope")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_files_are_probed(ffmill: Run) -> None:
    told = json.loads(ffmill("probe", "--json", "clip.mp4").out)
    assert {stream["codec_type"] for stream in told["streams"]} >= {"video", "audio"}
    assert "codec_name=h264" in ffmill("probe", "clip.mp4").out
    assert "there is no such file" in ffmill("probe", "no.mp4").err


def test_a_login_is_tried_and_kept(ffmill: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FFMILL_API_KEY")
    assert "no key for" in ffmill("jobs", "list").err
    wrong = ffmill("login", "--api-key", "ffm_wrong")
    assert (wrong.code, login_path().exists()) == (1, False)
    kept = ffmill("login", "--json", "--api-key", service.api_key)
    assert kept.code == 0
    assert json.loads(kept.out) == {"url": service.url, "kept_in": str(login_path())}
    assert stat.S_IMODE(login_path().stat().st_mode) == 0o600
    assert ffmill("jobs", "list").code == 0


def test_a_local_service_beside_us_is_called_without_setup(
    ffmill: Run, here: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FFMILL_API_KEY")
    monkeypatch.delenv("FFMILL_URL")
    monkeypatch.setattr("ffmill.cli.remote.connection.LOCAL", service.url)
    (here / "ffmill-data").mkdir()
    (here / "ffmill-data" / "api-key").write_text(service.api_key)
    assert ffmill("jobs", "list").code == 0
