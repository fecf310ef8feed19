"""What an idle worker costs the database: its connections, and its statements a second; the same for an API process.

    python bench/idle.py [--seconds 30]

Counted by PostgreSQL itself (pg_stat_database, pg_stat_activity), with one API and one, then two workers.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from service import Service, start_service

from ffmill.db.embedded import EmbeddedPostgres

COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


def number(connection: psycopg.Connection, statement: str) -> int:
    """What a statement gives."""
    row = connection.execute(statement.encode()).fetchone()
    assert row
    return row[0]


async def rate(connection: psycopg.Connection, seconds: int) -> float:
    """Transactions a second, our own look apart."""
    before = number(connection, COMMITS)
    await asyncio.sleep(seconds)
    return (number(connection, COMMITS) - before - 1) / seconds


@contextmanager
def second_worker(service: Service) -> Generator[None]:
    """On the same database."""
    program = [str(Path(sys.executable).with_name("ffmill")), "worker", "--name", "second"]
    process = subprocess.Popen([*program, "--data-dir", str(service.data_dir)], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)


async def main() -> None:
    """Prints the differences."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    asked = parser.parse_args()
    async with start_service() as service:
        postgres = EmbeddedPostgres(service.data_dir)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            await asyncio.sleep(5)
            one, held = await rate(connection, asked.seconds), number(connection, CONNECTIONS)
            with second_worker(service):
                await asyncio.sleep(8)
                two, more = await rate(connection, asked.seconds), number(connection, CONNECTIONS)
    print(f"an idle worker: {two - one:.1f} transactions/s, {more - held} connections")
    print(f"an idle API and the first worker together: {one:.1f} transactions/s, {held} connections")


if __name__ == "__main__":
    asyncio.run(main())
