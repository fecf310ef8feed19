"""`ffmill ffmpeg` and `ffmill validate` as a user sees them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.client import Client
from tests.acceptance.conftest import Service
from tests.integration.cli.conftest import Run

FFMILL = Path(sys.executable).with_name("ffmill")


def test_outputs_come_down_and_ffmpeg_is_heard(ffmill: Run, here: Path) -> None:
    ran = ffmill("ffmpeg", "-i", "clip.mp4", "-frames:v", "1", "one.jpg")
    assert (ran.code, ran.out) == (0, "")
    assert "Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'clip.mp4':" in ran.err
    assert "Output #0, image2, to 'one.jpg':" in ran.err
    assert (here / "one.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert sorted(path.name for path in here.iterdir()) == ["clip.mp4", "one.jpg"]


def test_a_failure_has_the_exit_code_of_ffmpeg_its_lines_and_how_to_mend_it(ffmill: Run, here: Path) -> None:
    ran = ffmill("ffmpeg", "-v", "error", "-i", "clip.mp4", "-y", "-c:v", "libx265x", "o.mp4")
    assert ran.code == 8
    assert "Unknown encoder 'libx265x'" in ran.err
    assert "hint: " in ran.err
    assert "corrected: ffmpeg -v error -i clip.mp4 -y -c:v libx265 o.mp4\n" in ran.err
    assert not (here / "o.mp4").exists()


def test_what_is_there_is_overwritten_by_y_alone(ffmill: Run, here: Path) -> None:
    (here / "o.jpg").write_text("mine")
    refused = ffmill("ffmpeg", "-n", "-i", "clip.mp4", "-frames:v", "1", "o.jpg")
    assert (refused.code, refused.err) == (
        0,
        "File 'o.jpg' already exists. Exiting.\nError opening output file o.jpg.\n",
    )
    assert (here / "o.jpg").read_text() == "mine"
    assert ffmill("ffmpeg", "-y", "-v", "quiet", "-i", "clip.mp4", "-frames:v", "1", "o.jpg").err == ""
    assert (here / "o.jpg").stat().st_size > 4


def test_a_missing_input_is_told_before_any_service_is_called(ffmill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFMILL_URL", "http://127.0.0.1:1")
    ran = ffmill("ffmpeg", "-i", "no.mp4", "o.mp4")
    assert ran.code == 254
    assert ran.err.endswith("Error opening input file no.mp4.\nError opening input files: No such file or directory\n")


def test_pure_answers_are_printed(ffmill: Run) -> None:
    version = ffmill("ffmpeg", "-version")
    assert version.code == 0
    assert version.out.startswith("ffmpeg version ")
    assert " libx264 " in ffmill("ffmpeg", "-hide_banner", "-encoders").out
    look = ffmill("ffmpeg", "-i", "clip.mp4")
    assert (look.code, look.out) == (1, "")
    assert look.err.endswith("At least one output file must be specified\n")
    assert "Stream #0:0" in look.err
    assert "Output #0" not in look.err


def test_as_json_the_job_and_its_files_are_all_there_is_on_standard_output(ffmill: Run) -> None:
    ran = ffmill("ffmpeg", "--json", "--", "-v", "quiet", "-i", "clip.mp4", "-frames:v", "1", "o.jpg")
    told = json.loads(ran.out)
    assert (ran.err, told["job"]["status"], told["exit_code"], told["files"]) == ("", "succeeded", 0, ["o.jpg"])


def test_as_json_nothing_else_may_go_to_standard_output(ffmill: Run) -> None:
    json.loads(ffmill("ffmpeg", "--json", "-version").out)
    ran = ffmill("ffmpeg", "--json", "-i", "clip.mp4", "-f", "mp3", "-")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert json.loads(ran.out)["error"]["message"] == ran.err.strip()
    gone = ffmill("jobs", "show", "--json", "nope")
    assert json.loads(gone.out) == {"error": {"message": gone.err.strip().removeprefix("ffmill: ")}}


def test_absolute_paths_stay_where_they_are(ffmill: Run, here: Path, media: Path, tmp_path: Path) -> None:
    clip, out = media / "bigbuckbunny.mp4", tmp_path / "elsewhere"
    out.mkdir()
    assert ffmill("ffmpeg", "-i", str(clip), "-frames:v", "2", str(out / "frame-%d.jpg")).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["frame-1.jpg", "frame-2.jpg"]
    assert [path.name for path in here.iterdir()] == ["clip.mp4"]


def test_a_job_that_has_nowhere_to_run_is_refused_in_one_line(ffmill: Run) -> None:
    ran = ffmill("ffmpeg", "--machine=moon", "-i", "clip.mp4", "o.mp4")
    assert (ran.code, ran.out) == (1, "")
    assert "moon" in ran.err.splitlines()[-1]


def test_a_service_that_is_not_there_is_one_line(ffmill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffmill.client.calls.PAUSES", ())
    monkeypatch.setattr("ffmill.client.files.PAUSES", ())
    monkeypatch.setenv("FFMILL_URL", "http://127.0.0.1:1")
    ran = ffmill("ffmpeg", "-f", "lavfi", "-i", "testsrc=d=1", "o.mp4")
    assert ran.code == 1
    assert ran.err.startswith("ffmill: the service at http://127.0.0.1:1 cannot be reached")
    assert "/api" not in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_signal_cancels_the_job(number: signal.Signals, here: Path, service: Service) -> None:
    words = ["ffmpeg", "-re", "-f", "lavfi", "-i", "testsrc=d=300", "o.mp4"]
    with subprocess.Popen([FFMILL, *words], cwd=here, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Output #0"):
                process.send_signal(number)
                break
        rest = process.stderr.read()
        assert process.wait(timeout=30) == 255
    job_id = rest.strip().splitlines()[-1].split()[1].rstrip(":")
    client = Client(url=service.url, api_key=service.api_key)
    assert client.call("GET", f"/api/jobs/{job_id}").data["status"] == "cancelled"
    assert not (here / "o.mp4").exists()


def test_validating_says_what_is_wrong_and_uploads_nothing(ffmill: Run, here: Path) -> None:
    assert ffmill("validate", "-i", "clip.mp4", "-c", "copy", "o.mkv").out.splitlines()[-1] == "valid"
    wrong = ffmill("validate", "-i", "clip.mp4", "-c:v", "libx265x", "o.mp4")
    assert wrong.code == 1
    assert "problem: " in wrong.out
    as_json = ffmill("validate", "--json", "-i", "clip.mp4", "-c:v", "libx265x", "o.mp4")
    assert json.loads(as_json.out)["valid"] is False
    assert ffmill("validate", "-i", "no.mp4", "o.mp4").code == 254


def test_help_has_users_before_operators_and_ffmpeg_its_own_help(ffmill: Run) -> None:
    told = ffmill("--help").out
    assert told.index("ffmpeg ") < told.index("serve ")
    bare = ffmill("ffmpeg")
    assert (bare.code, "usage: ffmpeg [options]" in bare.err) == (1, True)
    assert ffmill("--version").out.startswith("ffmill ")
    assert "--machine" in ffmill("ffmpeg", "--help").out
