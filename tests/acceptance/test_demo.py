"""`make demo`, without the set-up."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.client import probe, seconds, stream
from tests.docs_pages import ROOT

SECONDS = 120

pytestmark = pytest.mark.serve


def test_the_demo_converts_the_clip_and_says_what_came_out(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    small = tmp_path / "ffmill-data" / "demo" / "small.mp4"
    facts = probe(small)
    video = stream(facts, "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360)
    (row,) = [line for line in ran.stdout.splitlines() if "small.mp4" in line and "640×360" in line]
    assert re.search(rf"h264 \+ aac .* {small.stat().st_size:,} .* {seconds(facts):.2f}", row)
    assert re.search(r"http://127\.0\.0\.1:\d+/files/outputs/\S+/thumbnail\.jpg", ran.stdout)
    assert "100%" in ran.stdout
