"""The command line, run as a stranger runs it."""

import io
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import psycopg
import pytest

from ffmill.cli import main, serve, setup
from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres
from tests.environment import plain_environment

FFMILL = Path(sys.executable).with_name("ffmill")
KEY = re.compile(r"ffm_[A-Za-z0-9_-]{43}")
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


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


def here(*words: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported all of it already: for commands that only talk to a database."""
    said, complained, code = io.StringIO(), io.StringIO(), 0
    with mock.patch.object(sys, "argv", ["ffmill", *words]), redirect_stdout(said), redirect_stderr(complained):
        try:
            main.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            complained.write(f"{end.code}\n" if isinstance(end.code, str) else "")
    return subprocess.CompletedProcess(words, code, said.getvalue(), complained.getvalue())


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


@pytest.fixture(scope="module")
def running(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """Another copy, whose database runs as `ffmill serve` runs it: commands need not start it themselves."""
    data = shutil.copytree(first_start, tmp_path_factory.mktemp("running") / "data")
    with EmbeddedPostgres(data):
        yield data


def refused(ran: subprocess.CompletedProcess[str]) -> str:
    """What a command that ended with 1 said, in one line on standard error."""
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


def test_help_names_every_command() -> None:
    told = ffmill("--help").stdout
    groups = ("keys", "accounts", "webhook-secret", "signing-keys", "audit")
    users = ("ffmpeg", "run", "probe", "validate", "login", "jobs")
    for command in ("serve", "api", "worker", "migrate", "doctor", *groups, *users):
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


def test_a_key_that_is_not_there_cannot_be_revoked(running: Path) -> None:
    assert "there is no key 'nope'" in refused(here("keys", "revoke", "nope", "--data-dir", str(running)))


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


def test_the_owners_account_is_made_for_keys_of_other_accounts_too(running: Path) -> None:
    data_dir = ("--data-dir", str(running))
    assert here("keys", "create", "ci", "--account", "studio", *data_dir).returncode == 0
    assert "studio" in here("keys", "list", *data_dir).stdout


def test_names_with_markup_are_shown_as_they_are(running: Path) -> None:
    data_dir = ("--data-dir", str(running))
    here("keys", "create", "[red]x[/y]", *data_dir)
    assert "[red]x[/y]" in here("keys", "list", *data_dir).stdout


def test_a_key_has_the_scopes_and_the_end_that_were_asked_for(running: Path) -> None:
    data_dir = ("--data-dir", str(running))
    scopes = ("--scope", "jobs:read", "--scope", "keys:write")
    assert here("keys", "create", "few", "--account", "studio", *scopes, "--expires-days", "2", *data_dir).stdout
    (row,) = [line for line in here("keys", "list", *data_dir).stdout.splitlines() if " few " in line]
    assert "jobs:read, keys:write" in row
    assert len(re.findall(r"\d{4}-\d\d-\d\d", row)) == 2
    assert " few " in here("keys", "list", "--account", "studio", *data_dir).stdout
    assert " first " not in here("keys", "list", "--account", "studio", *data_dir).stdout
    assert "there is no account" in refused(here("keys", "list", "--account", "nobody", *data_dir))
    unknown = here("keys", "create", "x", "--scope", "jobs:delete", *data_dir)
    assert (unknown.returncode, unknown.stdout) == (2, "")


def test_an_account_is_made_set_and_shown(running: Path) -> None:
    data_dir = ("--data-dir", str(running))
    made = terms_of(here("accounts", "create", "video team", "--paid", *data_dir))
    assert (made["paid"], made["weight"], made["max_running"]) == ("yes", "1", "as for any")
    assert "already" in refused(here("accounts", "create", "video team", *data_dir))
    other = terms_of(here("accounts", "create", "other", "--max-month-gb", "1", "--keep-logs-days", "2", *data_dir))
    assert (other["max_month_bytes"], other["keep_logs_days"], other["paid"]) == ("1000000000", "2", "no")
    words = (
        *("--unpaid", "--weight", "2", "--max-running", "3", "--rate-limit", "0", "--machines", "cpu, nvidia"),
        *("--max-timeout-seconds", "60", "--max-input-gb", "0.5", "--max-month-gb", "1000", "--max-stored-gb", "1"),
        *("--keep-outputs-days", "1.5", "--keep-uploads-days", "1", "--keep-logs-days", "7", "--keep-jobs-days", "90"),
    )
    changed = {
        "paid": "no",
        "weight": "2",
        "max_running": "3",
        "rate_limit": "0",
        "machines": "cpu, nvidia",
        "max_timeout_seconds": "60",
        "max_input_bytes": "500000000",
        "max_month_bytes": "1000000000000",
        "max_stored_bytes": "1000000000",
        "keep_outputs_days": "1.5",
        "keep_uploads_days": "1",
        "keep_logs_days": "7",
        "keep_jobs_days": "90",
    }
    assert terms_of(here("accounts", "set", "video team", *words, *data_dir)) == changed
    assert terms_of(here("accounts", "show", "video team", *data_dir)) == changed
    away = ("--max-running", "0", "--rate-limit", "none", "--machines", "none", "--keep-jobs-days", "none")
    assert terms_of(here("accounts", "set", "video team", *away, *data_dir)) == {
        **changed,
        **dict.fromkeys(("max_running", "rate_limit", "machines", "keep_jobs_days"), "as for any"),
    }
    assert "video team" in here("accounts", "list", *data_dir).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rate-limit", "x"), "--rate-limit: must be a whole number or none, not 'x'"),
        (("--rate-limit", "1.5"), "--rate-limit: must be a whole number"),
        (("--max-month-gb", "nan"), "--max-month-gb: must be a number or none, not 'nan'"),
        (("--max-month-gb", "1e12"), "max_month_bytes: must be from 0 to"),
        (("--keep-logs-days", "inf"), "keep_logs_days: must be from"),
        (("--machines", "cpu,"), "machines: '' cannot be the name of a machine"),
        (("--weight", "1e6"), "weight: must be from 0.001 to 1000"),
    ],
)
def test_a_term_that_cannot_be_is_refused_in_one_line(running: Path, words: tuple[str, str], said: str) -> None:
    data_dir = ("--data-dir", str(running))
    before = here("audit", *data_dir).stdout
    assert said in refused(here("accounts", "set", "owner", *words, *data_dir))
    assert here("audit", *data_dir).stdout == before


def test_secrets_are_rotated_and_the_log_says_who_did_it(with_database: Path) -> None:
    data_dir = ("--data-dir", str(with_database))
    (first,) = SECRET.findall(here("webhook-secret", "show", *data_dir).stdout)
    second = here("webhook-secret", "rotate", "--overlap-hours", "1", *data_dir).stdout.strip()
    assert SECRET.findall(here("webhook-secret", "show", *data_dir).stdout) == [second, first]
    assert "there is no account" in refused(here("webhook-secret", "rotate", "--account", "nobody", *data_dir))
    for words in ((), ("--at-once",)):
        kid, _, rest = here("signing-keys", "rotate", *words, *data_dir).stdout.partition(" ")
        assert rest == "signs from now on\n"
    assert re.findall(r"[0-9a-f]{12}", here("signing-keys", "list", *data_dir).stdout) == [kid]
    log = here("audit", *data_dir).stdout
    actions = re.findall(r" (?:account|key|webhook_secret|signing_key)\.[a-z]+ ", log)
    assert [action.strip() for action in actions] == [
        *["signing_key.rotated"] * 2,
        "webhook_secret.rotated",
        "key.created",
        "account.created",
    ]
    assert log.count(f"@{socket.gethostname()}") == len(actions)
    assert not [secret for secret in (first, second) if secret in log]
    assert here("audit", "--limit", "1", *data_dir).stdout.count("rotated") == 1


def terms_of(ran: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The table of an account's terms."""
    assert ran.returncode == 0, ran.stderr
    rows = (line.strip("│").split("│") for line in ran.stdout.splitlines() if line.startswith("│"))
    return {term.strip(): value.strip() for term, value in rows}


def test_stopping_takes_five_seconds_at_most_with_the_default_drain() -> None:
    drain = Settings().drain_seconds
    assert drain + serve.HAND_BACK_SECONDS + serve.API_SECONDS + serve.POSTGRES_SECONDS < 5
