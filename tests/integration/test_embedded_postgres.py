"""The embedded PostgreSQL: made, started, closed to others, and back after every way to die."""

import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from ffmill import tether
from ffmill.config import Settings
from ffmill.db import embedded
from ffmill.db.embedded import EmbeddedPostgres, database_url
from ffmill.db.owner import Owner
from ffmill.errors import CannotStart
from ffmill.locks import Held

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root")


def count_visits(url: str) -> int:
    """Adds a row to a table that is made when it is not there; gives the number of rows."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits ()")
        connection.execute("INSERT INTO visits DEFAULT VALUES")
        row = connection.execute("SELECT count(*) FROM visits").fetchone()
        assert row
        return row[0]


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row
        return row[0]


def processes_of(postgres: EmbeddedPostgres) -> list[int]:
    """Every live process that works in the cluster."""
    cluster = str(postgres.data)
    return [
        int(link.parent.name)
        for link in Path("/proc").glob("[0-9]*/cwd")
        if os.path.lexists(link) and _target(link) == cluster
    ]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def ended(pid: int) -> bool:
    """Waits for a process that is not our child to be gone (or a zombie)."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(_poll(descriptor, 10_000))
    finally:
        os.close(descriptor)


def _poll(descriptor: int, milliseconds: int) -> object:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll.poll(milliseconds)


@pytest.fixture
def orphaned(tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """A process of its own that runs an embedded PostgreSQL in `tmp_path` and waits; its first line is the pid."""
    script = """
        import sys
        from pathlib import Path
        from ffmill.db.embedded import EmbeddedPostgres
        with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
            print((postgres.data / "postmaster.pid").read_text().splitlines()[0], flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for visits in (1, 2):
        with EmbeddedPostgres(tmp_path) as postgres:
            assert count_visits(postgres.url) == visits


def test_it_leaves_no_process_when_it_is_stopped(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        assert processes_of(postgres)
    assert not processes_of(postgres)


def test_an_open_connection_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres, psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SELECT 1")
        postgres.stop()
        assert not processes_of(postgres)


def test_nothing_is_written_outside_the_data_directory_and_no_mode_is_changed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    data_dir = tmp_path / "data"
    before = shared_memory()
    with EmbeddedPostgres(data_dir) as postgres:
        count_visits(postgres.url)
        assert shared_memory() == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def shared_memory() -> set[str]:
    """PostgreSQL's own segments there; other servers of this machine apart, there are none."""
    mine = os.geteuid()
    return {path.name for path in Path("/dev/shm").glob("PostgreSQL.*") if path.stat().st_uid == mine}


def test_only_its_own_user_can_enter_and_it_listens_on_no_port(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as postgres:
        for directory in (tmp_path / "data", postgres.home, postgres.socket, postgres.data):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            assert directory.stat().st_uid == os.geteuid()
        assert stat.S_IMODE((postgres.socket / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert setting(postgres.url, "listen_addresses") == ""


@as_root
def test_another_user_of_the_machine_is_kept_out(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        directory.chmod(0o755)
    with EmbeddedPostgres(tmp_path / "data") as postgres:
        script = f"import socket; socket.socket(socket.AF_UNIX).connect({str(postgres.socket / '.s.PGSQL.5432')!r})"
        tried = subprocess.run(
            ["/usr/bin/env", "python3", "-c", script],
            check=False,
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
        )
        assert "PermissionError" in tried.stderr


def test_data_are_synced_and_the_directory_is_the_only_place_for_shared_memory(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        assert setting(postgres.url, "fsync") == "on"
        assert setting(postgres.url, "synchronous_commit") == "on"
        assert setting(postgres.url, "dynamic_shared_memory_type") == "mmap"
        assert setting(postgres.url, "server_encoding") == "UTF8"


@pytest.mark.parametrize("name", ["x" * 200, "with spaces, a comma, 'quotes' and ümlauts", "per%20cent"])
def test_it_works_in_a_directory_with_a_long_or_an_odd_name(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name / name) as postgres:
        assert count_visits(postgres.url) == 1


def test_the_url_of_a_long_path_serves_other_processes(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("x" * 200)) as postgres:
        script = "import psycopg, sys; print(psycopg.connect(sys.argv[1]).execute('SELECT 1').fetchone()[0])"
        told = subprocess.run([sys.executable, "-c", script, postgres.url], check=True, capture_output=True, text=True)
        assert told.stdout == "1\n"


def test_a_path_that_postgresql_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="longer than 900 bytes"):
        EmbeddedPostgres(tmp_path.joinpath(*["x" * 200] * 5)).start()


def test_a_second_one_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        with pytest.raises(Held, match="already running"):
            EmbeddedPostgres(tmp_path).start()
        assert count_visits(postgres.url) == 1
        assert postgres.is_running()
    assert not postgres.is_running()


def test_it_dies_with_its_parent_and_starts_again(tmp_path: Path, orphaned: subprocess.Popen[str]) -> None:
    assert orphaned.stdout
    server = int(orphaned.stdout.readline())
    orphaned.kill()
    assert ended(server)
    with EmbeddedPostgres(tmp_path) as postgres:
        assert count_visits(postgres.url) == 1
        log = (postgres.home / "log").read_text()
    assert "recovery in progress" not in log, "it was not shut down in order"


def test_a_busy_backend_that_outlived_its_server_does_not_hinder_the_next(
    tmp_path: Path, orphaned: subprocess.Popen[str]
) -> None:
    assert orphaned.stdout
    server = int(orphaned.stdout.readline())
    postgres = EmbeddedPostgres(tmp_path)
    busy = "SELECT count(*) FROM generate_series(1, 10000000000)"
    client = subprocess.Popen(
        [sys.executable, "-c", f"import psycopg, sys; psycopg.connect(sys.argv[1]).execute({busy!r})", postgres.url],
        stderr=subprocess.DEVNULL,
    )
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        while not connection.execute("SELECT 1 FROM pg_stat_activity WHERE query = %s", (busy,)).fetchone():
            pass
    os.kill(server, signal.SIGKILL)
    orphaned.kill()
    orphaned.wait()
    assert ended(server)
    assert processes_of(postgres), "the backend computes on, alone"
    with postgres:
        assert count_visits(postgres.url) == 1
    assert client.wait(10) != 0


def test_a_live_server_whose_parent_is_gone_is_ended_first(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path)
    first.start()
    count_visits(first.url)
    first.release()  # as if we had died, and it had not
    with EmbeddedPostgres(tmp_path) as second:
        assert count_visits(second.url) == 2
    first.stop()


def test_a_stale_pid_file_that_names_a_live_process_does_not_hinder_the_start(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        pid_file = (postgres.data / "postmaster.pid").read_text()
    stale = pid_file.replace(pid_file.splitlines()[0], str(os.getppid()), 1)
    (postgres.data / "postmaster.pid").write_text(stale)
    with postgres:
        assert count_visits(postgres.url) == 1


def test_a_cluster_half_made_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path) as postgres:
        assert count_visits(postgres.url) == 1
    assert not half.exists()


def test_a_server_that_does_not_start_says_why_and_gives_the_directory_back(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        pass
    (postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotStart, match="database files are incompatible with server"):
        postgres.start()
    (postgres.data / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path) as again:
        assert count_visits(again.url) == 1


def test_a_log_that_has_grown_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    postgres = EmbeddedPostgres(tmp_path)
    for _ in range(3):
        postgres.start()
        postgres.stop()
    assert (postgres.home / "log").read_text().count("starting PostgreSQL") == 1
    assert (postgres.home / "log.old").read_text().count("starting PostgreSQL") == 1


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("a file where a directory should be")
    with pytest.raises(CannotStart, match="the data directory cannot be used"):
        EmbeddedPostgres(tmp_path).start()


@as_root
@pytest.mark.system
def test_a_full_disk_is_refused_in_one_sentence(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path], check=True)
    try:
        with pytest.raises(CannotStart, match="No space left on device"):
            EmbeddedPostgres(tmp_path).start()
        assert not (tmp_path / "postgres" / "data").exists()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@as_root
@pytest.mark.system
def test_a_read_only_disk_is_refused(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], check=True)
    try:
        with pytest.raises(CannotStart, match="Read-only file system"):
            EmbeddedPostgres(tmp_path).start()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@as_root
def test_as_root_the_files_stay_roots_and_the_server_takes_itself_for_another(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with EmbeddedPostgres(tmp_path / "data") as postgres:
        server = (postgres.data / "postmaster.pid").read_text().splitlines()[0]
        assert Path(f"/proc/{server}/uid_map").read_text().split()[1:] == ["0", "1"]
        assert (postgres.data / "PG_VERSION").stat().st_uid == 0


@pytest.fixture
def without_namespaces(monkeypatch: pytest.MonkeyPatch) -> Owner:
    """As where the kernel forbids user namespaces."""
    nobody = pwd.getpwnam("nobody")
    found = Owner(run_as="user", uid=nobody.pw_uid, gid=nobody.pw_gid)
    monkeypatch.setattr(embedded, "find_owner", lambda: found)
    return found


@as_root
def test_as_root_without_namespaces_it_runs_as_nobody(without_namespaces: Owner) -> None:
    data_dir = Path("/tmp") / f"ffmill-test-{os.getpid()}"
    try:
        with EmbeddedPostgres(data_dir) as postgres:
            assert count_visits(postgres.url) == 1
            server = int((postgres.data / "postmaster.pid").read_text().splitlines()[0])
            assert Path(f"/proc/{server}").stat().st_uid == without_namespaces.uid
            assert postgres.home.stat().st_uid == without_namespaces.uid
    finally:
        shutil.rmtree(data_dir)


@as_root
def test_as_root_without_namespaces_a_closed_parent_is_refused(tmp_path: Path, without_namespaces: Owner) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    with pytest.raises(CannotStart, match="lets no other user pass"):
        EmbeddedPostgres(closed / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_a_cluster_of_another_user_is_refused(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        pass
    os.chown(postgres.data, 4711, 4711)
    with pytest.raises(CannotStart, match="belongs to user id 4711"):
        EmbeddedPostgres(tmp_path).start()


@pytest.mark.parametrize(("uid", "run_as"), [(pwd.getpwnam("nobody").pw_uid, "self"), (4711, "namespace")])
def test_ordinary_users_run_it_with_or_without_a_name(tmp_path: Path, uid: int, run_as: str) -> None:
    script = """
        import sys
        from pathlib import Path
        from ffmill.db.embedded import EmbeddedPostgres
        from ffmill.db.owner import find_owner
        with EmbeddedPostgres(Path(sys.argv[1])):
            print(find_owner().run_as)
    """
    program = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    as_user = tether.command(program, run_as="namespace", uid=uid, gid=uid)
    ran = subprocess.run(as_user, check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == run_as


def test_the_operators_database_goes_before_the_embedded_one() -> None:
    assert database_url(Settings.model_validate({"database_url": "postgresql://db/x"})) == "postgresql://db/x"
    assert "/srv/ffmill" in database_url(Settings(data_dir=Path("/srv/ffmill"))).replace("%2F", "/")


def test_a_killed_server_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    postgres.start()
    assert count_visits(postgres.url) == 1
    os.kill(int((postgres.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    postgres.stop()
    with EmbeddedPostgres(tmp_path) as again:
        assert count_visits(again.url) == 2
