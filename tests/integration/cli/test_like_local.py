"""Where `ffmill ffmpeg` does as ffmpeg does here: questions, links, pipes, interruptions, words it cannot send."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from ffmill.client import AsyncFfmill, Event, NotFound
from tests.acceptance.conftest import Service
from tests.integration.cli.conftest import Run

FFMILL = Path(sys.executable).with_name("ffmill")
FRAME = ("-v", "error", "-i", "clip.mp4", "-frames:v", "1")
TO_NULL = ("-v", "error", "-i", "clip.mp4", "-frames:v", "1", "-f", "null", "-")


@pytest.mark.parametrize(("answer", "is_kept"), [("y\n", False), ("n\n", True), ("", True)], ids=["y", "n", "nothing"])
def test_an_answer_is_read_from_standard_input(
    ffmill: Run, here: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_kept: bool
) -> None:
    (here / "o.jpg").write_text("mine")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answer.encode())))
    ran = ffmill("ffmpeg", *FRAME, "o.jpg")
    assert ran.code == 0
    assert ran.err.startswith("File 'o.jpg' already exists. Overwrite? [y/N] ")
    assert ((here / "o.jpg").read_bytes() == b"mine") == is_kept


def test_what_ffmpeg_does_not_understand_is_told_before_it_asks(ffmill: Run, here: Path) -> None:
    (here / "o.mp4").write_text("mine")
    ran = ffmill("ffmpeg", "-i", "clip.mp4", "-crf23", "-y", "o.mp4")
    assert (ran.code, "Unrecognized option 'crf23'" in ran.err) == (8, True)
    assert (here / "o.mp4").read_text() == "mine"


def test_an_output_that_is_a_link_is_written_through(ffmill: Run, here: Path) -> None:
    (here / "real.jpg").touch()
    (here / "link.jpg").symlink_to("real.jpg")
    assert ffmill("ffmpeg", "-y", *FRAME, "link.jpg").code == 0
    assert (here / "link.jpg").is_symlink()
    assert (here / "real.jpg").read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("path", "code"), [("/proc/x.jpg", 254), ("there", 235)], ids=["nothing can be made there", "a directory"]
)
def test_what_cannot_be_written_is_told_before_any_service_is_called(
    ffmill: Run, here: Path, monkeypatch: pytest.MonkeyPatch, path: str, code: int
) -> None:
    monkeypatch.setenv("FFMILL_URL", "http://127.0.0.1:1")
    (here / "there").mkdir()
    ran = ffmill("ffmpeg", *FRAME, "-f", "image2", "-y", path)
    assert ran.code == code
    assert ran.err.startswith(f"Error opening output {path}: ")


def test_outputs_that_cannot_be_kept_are_one_line_with_the_way_to_them(ffmill: Run) -> None:
    words = ("-i", "v=clip.mp4", "-o", "o.jpg", "--", "-i", "{{v}}", "-frames:v", "1", "{{o.jpg}}")
    ran = ffmill("run", "--output-dir", "/proc/no", *words)
    last = ran.err.splitlines()[-1]
    assert (ran.code, "Traceback" in ran.err) == (1, False)
    job_id = last.rpartition("ffmill jobs download ")[2]
    assert ffmill("jobs", "download", job_id).out == "o.jpg\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_reading_standard_input_ends_with_a_signal(number: signal.Signals, here: Path) -> None:
    words = [FFMILL, "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "-", "o.wav"]
    with subprocess.Popen(words, cwd=here, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("\0" * (1 << 20))  # more than a pipe holds: it is read by now
        process.send_signal(number)
        assert process.wait(timeout=30) == 255
        assert process.stderr.read() == "\ninterrupted while files went up: there is no job\n"


def test_a_pipe_goes_up_as_it_comes(here: Path, media: Path) -> None:
    words = [FFMILL, "ffmpeg", "-v", "error", "-i", "-", "-f", "mp3", "-"]
    clip = (media / "bigbuckbunny.mp4").read_bytes()
    ran = subprocess.run(words, cwd=here, input=clip, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr, len(ran.stdout) > 1000) == (0, b"", True)


def test_a_service_without_events_is_asked(ffmill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(_: AsyncFfmill, job: str) -> AsyncGenerator[Event]:
        raise NotFound(f"there is no /api/jobs/{job}/events", status=404, error_code="notFound")
        yield

    monkeypatch.setattr(AsyncFfmill, "events", none)
    monkeypatch.setattr("ffmill.cli.remote.following.SOON_SECONDS", ())
    ran = ffmill("ffmpeg", "-i", "clip.mp4", "-frames:v", "1", "o.jpg")
    assert (ran.code, "Output #0, image2, to 'o.jpg'" in ran.err) == (0, True)


def test_what_was_written_for_bookkeeping_is_not_downloaded(ffmill: Run, here: Path) -> None:
    assert ffmill("ffmpeg", *TO_NULL).code == 0
    job = json.loads(ffmill("jobs", "list", "--json", "--limit", "1").out)[0]
    ran = ffmill("jobs", "download", job["id"])
    assert (ran.code, ran.out, [path.name for path in here.iterdir()]) == (0, "", ["clip.mp4"])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("-i", "empty.mp4", "o.mp4"), "hint: empty.mp4 is empty"),
        (("clip.mp4", "-y", "o.mkv"), "hint: clip.mp4 is a file that is there: write -i before it to read it"),
        (("-i", "clip.mp4", "-vf", "subtitles=no.srt", "o.mkv"), "hint: there is no such file here: no.srt"),
        (("-i", "clip.mp4", "-frames:v", "2", "o.png"), "as frame_%03d.png"),
    ],
    ids=["empty input", "no -i", "missing file of a filter", "no pattern"],
)
def test_hints_are_for_one_who_typed_the_command_here(
    ffmill: Run, here: Path, words: tuple[str, ...], hint: str
) -> None:
    (here / "empty.mp4").touch()
    told = ffmill("ffmpeg", "-v", "error", *words).err
    assert hint in told
    assert not [word for word in ("{{", "input_files", "output_files", "URL") if word in told]


def test_a_quiet_command_says_nothing_of_its_failure(ffmill: Run) -> None:
    for words in (("-i", "no.mp4", "o.mp4"), ("-i", "clip.mp4", "-c:v", "libx265x", "o.mp4")):
        ran = ffmill("ffmpeg", "-v", "quiet", *words)
        assert (ran.code > 0, ran.out, ran.err) == (True, "", "")


def test_a_name_that_cannot_be_sent_is_given_back_all_the_same(ffmill: Run, here: Path) -> None:
    name = os.fsdecode(b"new\nline\xff.jpg")
    assert ffmill("ffmpeg", *FRAME, name).code == 0
    assert (here / name).exists()
    ran = ffmill("ffmpeg", *FRAME, "new\nline%d.jpg")
    assert (ran.code, "cannot be called so here" in ran.err) == (1, True)


def test_a_service_is_found_by_the_url_of_its_api(
    ffmill: Run, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFMILL_URL", f"{service.url}/api/")
    assert ffmill("jobs", "list").code == 0
