"""A service, and the command line called in this process."""

import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ffmill.cli.main import main
from tests.acceptance.conftest import Service, of_serve


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Ran]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """A service with its defaults; inputs may come from loopback."""
    with of_serve(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def here(tmp_path: Path, service: Service, media: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a clip in it, and a user whose environment names the service."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "clip.mp4").symlink_to(media / "bigbuckbunny.mp4")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FFMILL_URL", service.url)
    monkeypatch.setenv("FFMILL_API_KEY", service.api_key)
    return tmp_path / "here"


@pytest.fixture
def ffmill(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `ffmill …` in the current directory."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["ffmill", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        code: Any = ended.value.code
        if isinstance(code, str):  # which the interpreter would print
            return Ran(code=1, out=told.out, err=f"{told.err}{code}\n")
        return Ran(code=code or 0, out=told.out, err=told.err)

    return run
