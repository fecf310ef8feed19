"""The real FFmpeg, its lists, and inputs, once for all tests."""

import subprocess

import pytest

from ffmill import programs
from ffmill.config import Settings
from ffmill.ffmpeg import printed
from ffmill.ffmpeg.build import Build
from tests.integration.diagnosis import media
from tests.integration.diagnosis.bench import Bench


@pytest.fixture(scope="session")
def build() -> Build:
    """The build of the bundled FFmpeg."""
    ffmpeg = programs.ffmpeg(Settings())
    answers = {
        name: subprocess.run([ffmpeg, "-hide_banner", *words], capture_output=True, text=True, check=True).stdout
        for name, words in printed.QUESTIONS.items()
    }
    return Build(id="bundled", version="9", lists=printed.read(answers))


@pytest.fixture(scope="session")
def bench(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """FFmpeg over a directory with all inputs."""
    inputs = tmp_path_factory.mktemp("inputs")
    ffmpeg = programs.ffmpeg(Settings())
    media.make(ffmpeg, inputs)
    return Bench(ffmpeg=ffmpeg, build=build, inputs=inputs)
