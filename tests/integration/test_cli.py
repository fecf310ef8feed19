"""The command line, run as a stranger runs it."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ffmill.cli import serve, setup
from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres
from tests.environment import plain_environment

FFMILL = Path(sys.executable).with_name("ffmill")
KEY = re.compile(r"ffm_[A-Za-z0-9_-]{43}")


def ffmill(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `ffmill …` with these FFMILL_ variables and no others."""
    return subprocess.run(
        [FFMILL, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**plain_environment(), **environment},
    )


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as a first start of the service leaves it."""
    made = tmp_path_factory.mktemp("first") / "data"
    with EmbeddedPostgres(made) as postgres:
        setup.run(Settings.model_validate({"data_dir": made, "database_url": postgres.url}))
    return made


@pytest.fixture
def with_database(first_start: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return shutil.copytree(first_start, tmp_path / "data")


def refused(ran: subprocess.CompletedProcess[str]) -> str:
    """What a command that ended with 1 said, in one line on standard error."""
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


def test_help_names_every_command() -> None:
    told = ffmill("--help").stdout
    for command in ("serve", "api", "worker", "migrate", "keys", "doctor"):
        assert command in told


def test_help_imports_none_of_the_heavy_libraries() -> None:
    script = "import sys; import ffmill.cli.main; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert not {"fastapi", "psycopg", "procrastinate", "alembic", "obstore", "aiohttp", "pydantic"} & set(told)


def test_the_parent_of_the_service_imports_no_database_driver() -> None:
    script = "import sys; import ffmill.cli.serve; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert not {"fastapi", "psycopg", "procrastinate", "alembic", "obstore", "aiohttp"} & set(told)


def test_a_wrong_setting_is_refused_with_its_name_and_no_traceback(tmp_path: Path) -> None:
    ran = ffmill("serve", "--data-dir", str(tmp_path), FFMILL_DRAIN_SECONDS="soon")
    assert ran.returncode == 1
    assert "FFMILL_DRAIN_SECONDS" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_machine_that_cannot_be_is_refused(tmp_path: Path) -> None:
    ran = ffmill("worker", "--machine", "webhooks", "--data-dir", str(tmp_path))
    assert ran.returncode == 2
    assert "webhooks" in ran.stderr


def test_a_worker_without_a_database_says_so_in_one_line(tmp_path: Path) -> None:
    ran = ffmill("worker", "--data-dir", str(tmp_path), FFMILL_DATABASE_URL=f"postgresql:///x?host={tmp_path}")
    assert ran.returncode == 1
    assert "the database cannot be reached" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_keys_are_made_listed_and_revoked_while_no_service_runs(with_database: Path) -> None:
    data_dir = ("--data-dir", str(with_database))
    key = ffmill("keys", "create", "for the cutter", *data_dir).stdout.strip()
    assert KEY.fullmatch(key)
    listed = ffmill("keys", "list", *data_dir).stdout
    assert "for the cutter" in listed
    assert key[:12] in listed
    assert key not in listed
    assert "revoked" in ffmill("keys", "revoke", key[:12], *data_dir).stdout
    assert not EmbeddedPostgres(with_database).is_running()


def test_keys_are_made_while_the_database_runs(with_database: Path) -> None:
    with EmbeddedPostgres(with_database) as postgres:
        made = ffmill("keys", "create", "second", "--data-dir", str(with_database))
        assert KEY.fullmatch(made.stdout.strip()), made.stderr
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (2,)


def test_keys_in_a_long_directory_reach_the_running_database(tmp_path: Path) -> None:
    data_dir = tmp_path / ("x" * 200)
    with EmbeddedPostgres(data_dir) as postgres:
        setup.run(Settings.model_validate({"data_dir": data_dir, "database_url": postgres.url}))
        made = ffmill("keys", "create", "second", "--data-dir", str(data_dir))
        assert KEY.fullmatch(made.stdout.strip()), made.stderr


def test_a_key_that_is_not_there_cannot_be_revoked(with_database: Path) -> None:
    assert "there is no key 'nope'" in refused(ffmill("keys", "revoke", "nope", "--data-dir", str(with_database)))


def test_keys_without_a_database_are_refused_and_make_nothing(tmp_path: Path) -> None:
    ran = ffmill("keys", "list", "--data-dir", str(tmp_path / "nowhere"))
    assert "there is no database" in refused(ran)
    assert not (tmp_path / "nowhere").exists()


def test_keys_of_a_database_without_schema_say_what_to_run(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        assert "ffmill migrate" in refused(ffmill("keys", "list", FFMILL_DATABASE_URL=postgres.url))
        assert "the schema is at" in ffmill("migrate", FFMILL_DATABASE_URL=postgres.url).stdout
        assert ffmill("keys", "list", FFMILL_DATABASE_URL=postgres.url).returncode == 0


def test_an_unreachable_database_is_refused(tmp_path: Path) -> None:
    url = f"postgresql:///x?host={tmp_path}"
    for command in (("keys", "list"), ("migrate",)):
        assert "the database cannot be reached" in ffmill(*command, FFMILL_DATABASE_URL=url).stderr


def test_the_first_start_keeps_a_key_that_only_its_owner_can_read(with_database: Path) -> None:
    path = with_database / "api-key"
    assert KEY.fullmatch(path.read_text().strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(with_database.glob("api-key.*")) == []


def test_a_second_start_makes_no_second_key(with_database: Path) -> None:
    first = (with_database / "api-key").read_text()
    with EmbeddedPostgres(with_database) as postgres:
        setup.run(Settings.model_validate({"data_dir": with_database, "database_url": postgres.url}))
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (1,)
            assert connection.execute("SELECT name, paid FROM accounts").fetchall() == [("owner", True)]
    assert (with_database / "api-key").read_text() == first


def test_a_key_file_that_could_not_be_written_leaves_no_key(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "database") as postgres:
        (tmp_path / "api-key").mkdir()
        ran = ffmill("setup", FFMILL_DATABASE_URL=postgres.url, FFMILL_DATA_DIR=str(tmp_path))
        assert "api-key" in refused(ran)
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)


def test_the_owners_account_is_made_for_keys_of_other_accounts_too(with_database: Path) -> None:
    data_dir = ("--data-dir", str(with_database))
    assert ffmill("keys", "create", "ci", "--account", "studio", *data_dir).returncode == 0
    assert "studio" in ffmill("keys", "list", *data_dir).stdout


def test_names_with_markup_are_shown_as_they_are(with_database: Path) -> None:
    data_dir = ("--data-dir", str(with_database))
    ffmill("keys", "create", "[red]x[/y]", *data_dir)
    assert "[red]x[/y]" in ffmill("keys", "list", *data_dir).stdout


def test_stopping_takes_five_seconds_at_most_with_the_default_drain() -> None:
    drain = Settings().drain_seconds
    assert drain + serve.HAND_BACK_SECONDS + serve.API_SECONDS + serve.POSTGRES_SECONDS < 5
