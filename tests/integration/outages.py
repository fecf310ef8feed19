"""A database that lets its clients down: it closes their connections, or keeps them and says nothing."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager

import psycopg

KILL = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = %s"


def close_all(database_url: str) -> None:
    """Ends the server processes of the database; returns when they are gone."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(KILL, (connection.info.dbname,))


@contextmanager
def silenced(database_url: str) -> Generator[None]:
    """Every server process of the database is stopped: it keeps its connection and says nothing."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute(BACKENDS, (connection.info.dbname, "client backend")).fetchall()
    pids: list[int] = [pid for (pid,) in rows]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
