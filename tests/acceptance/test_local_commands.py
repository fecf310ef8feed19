"""Ordinary ffmpeg commands, by `ffmill ffmpeg` and by the local binary: all files that they write are the same."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ffmill import programs
from ffmill.cli.remote import ffmpeg as cli
from ffmill.config import Settings
from ffmill.jobs import words
from ffmill.sandbox import fonts
from tests.acceptance.conftest import Service
from tests.acceptance.local_recipes import MEDIA, RECIPES, TEXTS

FFMPEG = str(programs.ffmpeg(Settings()))
DIRECTORIES = ("a", "b", "fonts", "img", "out", "secrets", "stream")
FONT = Path(fonts.__file__).with_name("fonts") / "DejaVuSans.ttf"


class Stream(io.TextIOWrapper):
    """A standard stream over bytes; one that is no file of the disk cannot be moved in."""

    def __init__(self, data: bytes = b"", *, is_file: bool) -> None:
        super().__init__(Bytes(data, is_file=is_file))


class Bytes(io.BytesIO):
    """Bytes in memory that may look like a pipe."""

    def __init__(self, data: bytes, *, is_file: bool) -> None:
        super().__init__(data)
        self._is_file = is_file

    def seekable(self) -> bool:
        """Whether this looks like a file."""
        return self._is_file


@pytest.fixture(scope="session")
def media_of_recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the recipes read."""
    root = tmp_path_factory.mktemp("recipes")
    for name in DIRECTORIES:
        (root / name).mkdir()
    for name, text in TEXTS.items():
        (root / name).write_text(text)
    for name in (FONT.name, "My Font.ttf"):
        shutil.copy(FONT, root / "fonts" / name)
    for line in MEDIA.strip().splitlines():
        subprocess.run([FFMPEG, "-v", "error", *words.split(line)], cwd=root, check=True, stdin=subprocess.DEVNULL)
    return root


@pytest.fixture
def here(media_of_recipes: Path, tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with these files, which is the current one, and the service that commands call."""
    shutil.copytree(media_of_recipes, tmp_path / "here", copy_function=os.link)  # nothing is written in place
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("FFMILL_URL", service.url)
    monkeypatch.setenv("FFMILL_API_KEY", service.api_key)
    return tmp_path / "here"


def parts(recipe: str) -> Iterator[tuple[list[str], str | None]]:
    """The words of each command, and the file for its standard input."""
    for line in recipe.splitlines():
        command, _, stdin = line.partition(" < ")
        yield words.split(command), stdin or None


def by_the_binary(recipe: str, root: Path) -> bytes:
    """What local ffmpeg writes to standard output, a pipe."""
    written = b""
    for argv, stdin in parts(recipe):
        with (root / stdin if stdin else Path("/dev/null")).open("rb") as stream:
            ran = subprocess.run([FFMPEG, *argv], cwd=root, stdin=stream, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr.decode()
        written += ran.stdout
    return written


def by_ffmill(recipe: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What `ffmill ffmpeg` writes to standard output."""
    written = b""
    for argv, stdin in parts(recipe):
        output = Stream(is_file=False)
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stdin", Stream(Path(stdin).read_bytes() if stdin else b"", is_file=True))
        assert cli.run(argv) == 0, recipe
        written += output.buffer.getvalue() if isinstance(output.buffer, io.BytesIO) else b""
    return written


def files(root: Path) -> Mapping[str, bytes]:
    """All files, by their paths."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_gives_byte_for_byte_what_the_local_binary_gives(
    name: str, media_of_recipes: Path, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(media_of_recipes, tmp_path / "there", copy_function=os.link)
    to_stdout = by_the_binary(RECIPES[name], tmp_path / "there")
    assert by_ffmill(RECIPES[name], monkeypatch) == to_stdout
    local, ours = files(tmp_path / "there"), files(here)
    assert ours.keys() == local.keys()
    assert [path for path, data in local.items() if ours[path] != data] == []
