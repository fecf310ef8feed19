"""Which service users' commands call, and by which key."""

import stat
from pathlib import Path

import pytest

from ffmill.cli.remote import connection
from ffmill.cli.remote.connection import LOCAL, Connection, NotConnected

REMOTE = Connection(url="https://ffmill.example", api_key="kept")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def local_key(directory: Path) -> None:
    """What `ffmill serve` leaves in its directory."""
    (directory / "ffmill-data").mkdir()
    (directory / "ffmill-data" / "api-key").write_text("local\n")


def test_without_anything_what_to_do_is_said(home: Path) -> None:
    with pytest.raises(NotConnected, match="run `ffmill login`, or set FFMILL_URL and FFMILL_API_KEY"):
        connection.find({}, home)


def test_a_local_service_beside_us_needs_no_setup(home: Path) -> None:
    local_key(home)
    assert connection.find({}, home) == Connection(url=LOCAL, api_key="local")


def test_a_login_is_kept_for_its_owner_alone_and_goes_before_a_local_service(home: Path) -> None:
    local_key(home)
    path = connection.keep(REMOTE)
    connection.keep(REMOTE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["login.json"]
    assert connection.find({}, home) == REMOTE
    assert "kept" not in repr(REMOTE)


def test_the_environment_goes_before_all(home: Path) -> None:
    connection.keep(REMOTE)
    told = {"FFMILL_URL": "http://other", "FFMILL_API_KEY": "k"}
    assert connection.find(told, home) == Connection(url="http://other", api_key="k")
    assert connection.find({"FFMILL_API_KEY": "k"}, home) == Connection(url=REMOTE.url, api_key="k")


def test_a_key_goes_to_no_other_service_than_its_own(home: Path) -> None:
    connection.keep(REMOTE)
    local_key(home)
    assert connection.find({"FFMILL_URL": "https://ffmill.example/"}, home) == REMOTE
    assert connection.find({"FFMILL_URL": LOCAL}, home).api_key == "local"
    with pytest.raises(NotConnected, match="no key for https://evil"):
        connection.find({"FFMILL_URL": "https://evil.example"}, home)


def test_a_login_that_cannot_be_read_is_told(home: Path) -> None:
    connection.keep(REMOTE).write_text("{")
    with pytest.raises(NotConnected, match=r"login\.json cannot be read"):
        connection.find({}, home)
