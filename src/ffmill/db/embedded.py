"""The embedded PostgreSQL: made once, started and stopped by us, reachable by our own user alone.

postgres/        0700
  data/          the cluster
  socket/        0700; the only way in: no TCP
  lock           held while a server runs
  log            the server's own log, begun anew when it has grown
"""

import errno
import os
import re
import shutil
import signal
import subprocess
import time
import weakref
from contextlib import ExitStack
from functools import cache, cached_property
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

from ffmill import programs
from ffmill.config import Settings
from ffmill.db import leftovers
from ffmill.db.owner import find_owner
from ffmill.errors import CannotStart
from ffmill.locks import Held, hold

SUPERUSER = "ffmill"
SOCKET_BYTES = 100  # a socket's whole path may have 107 bytes (unix(7)), 103 on macOS
PATH_BYTES = 900  # PostgreSQL's own paths may have 1023 (MAXPGPATH)
LOG_BYTES = 1 << 20
START_SECONDS = 120.0  # recovery after a crash included
POLL_SECONDS = 0.005

INITDB = (
    f"--username={SUPERUSER}",
    "--auth-local=trust",  # whoever can enter the socket's directory
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # the same on every system, whatever locales that has
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
TUNABLE = {  # written into postgresql.conf once: the operator's to change
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "log",  # errors are told to the client, which is us
    "log_checkpoints": "off",
}
FIXED = {  # given at every start
    "listen_addresses": "",
    "unix_socket_directories": "../socket",  # from the server's working directory: no path is too long
    "unix_socket_permissions": "0700",
    "port": "5432",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "mmap",  # in data/, where the rest is: /dev/shm is tiny in containers
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


class EmbeddedPostgres:
    """A PostgreSQL of our own in `data_dir`; a context manager that starts and stops it.

    Started from the main thread, it dies with this process, by kill -9 too.
    """

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.absolute() / "postgres"
        self.data = self.home / "data"
        self.socket = self.home / "socket"
        self._held = ExitStack()
        self._server: subprocess.Popen[bytes] | None = None
        self._log_before = 0  # bytes

    @cached_property
    def url(self) -> str:
        """What psycopg connects to; good for every process of this user, while this one lives."""
        host = str(self.socket)
        if len(os.fsencode(host)) + len("/.s.PGSQL.5432") > SOCKET_BYTES or "," in host:  # libpq: a comma parts hosts
            host = self._short_path()
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(host, safe='')}"

    def exists(self) -> bool:
        """Whether the cluster has been made."""
        return self.data.is_dir()

    def is_running(self) -> bool:
        """Whether a process has the directory, and so runs the server or is about to."""
        try:
            with hold(self.home / "lock", ""):
                return False
        except Held:
            return True
        except OSError:  # there is none
            return False

    def prepare(self) -> None:
        """Takes the directory for this process and makes the cluster if there is none; `release` gives it back.

        Raises CannotStart when the directory is in use, cannot be written, or has no room.
        """
        try:
            self._make_directories()
            self._held.enter_context(hold(self.home / "lock", f"a PostgreSQL is already running in {self.home}"))
            self._make_cluster()
        except OSError as error:
            self.release()
            raise CannotStart(f"the data directory cannot be used: {error.strerror}: {error.filename}") from error
        except CannotStart:
            self.release()
            raise

    def command(self) -> list[str]:
        """The argument list that runs the server; its pid is the server's. Ends first what a dead parent left."""
        leftovers.end(self.data, self.socket)
        settings = (part for name, value in FIXED.items() for part in ("-c", f"{name}={value}"))
        server = [str(programs.postgres_bin() / "postgres"), "-D", str(self.data), *settings]
        # a fast shutdown, in a moment: what was killed must sync all of its files at the next start, for seconds
        return find_owner().command(server, ending=signal.SIGINT)

    def log(self) -> IO[bytes]:
        """The server's log, opened to be appended to."""
        path = self.home / "log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name("log.old"))
        log = path.open("ab")
        self._log_before = log.tell()
        return log

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this pid accepts connections: it says so in its pid file, as pg_ctl reads it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def complaint(self) -> str:
        """Why the server ended, in its own words of this life."""
        said = (self.home / "log").read_bytes()[self._log_before :].decode(errors="replace")
        reasons = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
        if not reasons and shutil.disk_usage(self.home).free < LOG_BYTES:
            return os.strerror(errno.ENOSPC)  # for its log too
        return reasons[-1] if reasons else "it gave no reason"

    def start(self) -> None:
        """Returns when the server accepts connections; raises CannotStart."""
        self.prepare()
        try:
            with self.log() as log:
                self._server = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}, start_new_session=True
                )
            self._await_ready(self._server)
        except BaseException:
            self.stop()
            raise

    def stop(self, seconds: float = 4.0) -> None:
        """Fast shutdown; what is not over after `seconds` is ended at once, which costs a recovery and no data."""
        if self._server:
            for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._server.send_signal(ending)
                try:
                    self._server.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    seconds = 1.0
            self._server = None
        self.release()

    def release(self) -> None:
        """Gives the directory free; the server has ended."""
        self._held.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready(server.pid):
            if server.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"the embedded PostgreSQL did not start: {self.complaint()} (see {self.home}/log)")
            time.sleep(POLL_SECONDS)

    def _make_directories(self) -> None:
        if len(os.fsencode(self.data)) > PATH_BYTES:
            raise CannotStart(f"the data directory's path is longer than {PATH_BYTES} bytes: {self.home.parent}")
        owner = find_owner()
        self.home.parent.mkdir(0o700, parents=True, exist_ok=True)
        if owner.run_as == "user":  # another user must pass our own directory; what lies in it is closed by itself
            self.home.parent.chmod(self.home.parent.stat().st_mode | 0o001)
            owner.check_reach(self.home)
        for directory in (self.home, self.socket):
            directory.mkdir(0o700, exist_ok=True)
            owner.take(directory)

    def _make_cluster(self) -> None:
        """initdb beside its place, then a rename: a cluster is whole or not there."""
        if self.exists():
            find_owner().check(self.data)
            return
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        settings = (part for name, value in (TUNABLE | FIXED).items() for part in ("-c", f"{name}={value}"))
        initdb = [str(programs.postgres_bin() / "initdb"), "-D", str(new), *INITDB, *settings]
        made = subprocess.run(find_owner().command(initdb), check=False, capture_output=True, text=True, env={})
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise CannotStart(f"the embedded PostgreSQL cannot be set up in {self.home}: {_reason(made.stderr)}")
        new.rename(self.data)

    def _short_path(self) -> str:
        """The socket's directory through a descriptor that this process keeps open."""
        if not Path("/proc/self/fd").is_dir():
            raise CannotStart(f"the data directory's path is too long for a socket on this system: {self.home.parent}")
        if not self.socket.is_dir():
            raise CannotStart(f"no PostgreSQL is running in {self.home}: `ffmill serve` starts it")
        descriptor = os.open(self.socket, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, descriptor)
        return f"/proc/{os.getpid()}/fd/{descriptor}"


def database_url(settings: Settings) -> str:
    """Where the database is: the operator's, or the embedded one, which `ffmill serve` runs."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    return _of(settings.root).url


@cache
def _of(data_dir: Path) -> EmbeddedPostgres:  # kept, for its URL lives as long as it
    return EmbeddedPostgres(data_dir)


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if "rror:" in line or "FATAL:" in line]
    return re.sub(r"^.*?(error|FATAL): +", "", lines[-1], flags=re.IGNORECASE) if lines else stderr.strip()[-200:]
