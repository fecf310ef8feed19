"""A PostgreSQL as an operator would run it: version 16, over TCP, entered by an ordinary role with a password."""

import secrets
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from ffmill import programs
from ffmill.db.owner import find_owner
from tests.place import Place
from tests.ports import free_port
from tests.waiting import until

BIN = programs.postgres_bin().parents[1] / "pginstall" / "bin"
INITDB = ("--username=postgres", "--auth=reject", "--encoding=UTF8", "--no-locale", "--no-instructions")
SETTINGS = ("unix_socket_directories=", "dynamic_shared_memory_type=mmap")
PASSWORDS_FROM_ANYWHERE = "host ffmill ffmill all scram-sha-256\n"


@contextmanager
def postgres16(home: Path, place: Place) -> Generator[str]:
    """The URL of an empty database that the role `ffmill`, no superuser, owns."""
    password, port = secrets.token_urlsafe(), free_port()
    home.mkdir(0o700)
    find_owner().take(home)
    _run("initdb", "-D", str(home / "data"), *INITDB)
    (home / "data" / "pg_hba.conf").write_text(PASSWORDS_FROM_ANYWHERE)
    statements = f"CREATE ROLE ffmill LOGIN PASSWORD '{password}'\nCREATE DATABASE ffmill OWNER ffmill\n"
    _run("postgres", "--single", "-D", str(home / "data"), "postgres", statements=statements)
    url = f"postgresql://ffmill:{password}@{place.address}:{port}/ffmill"
    settings = (*SETTINGS, f"listen_addresses={place.address}", f"port={port}")
    command = [str(BIN / "postgres"), "-D", str(home / "data"), *(f"--{setting}" for setting in settings)]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(place.command(find_owner().command(command)), env={}, stdout=log, stderr=log) as server,
    ):
        try:
            until(lambda: _answers(url, server, home / "log"), what=(home / "log").read_text)
            yield url
        finally:
            server.send_signal(signal.SIGINT)


def _run(program: str, *words: str, statements: str = "") -> None:
    command = find_owner().command([str(BIN / program), *words])
    subprocess.run(command, check=True, env={}, input=statements, capture_output=True, text=True)


def _answers(url: str, server: subprocess.Popen[bytes], log: Path) -> bool:
    assert server.poll() is None, log.read_text()
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
