"""Migrations on data of the release before: nothing accepted is lost, and what waited goes on."""

from collections.abc import Generator
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ffmill.accounts import api_keys
from ffmill.accounts.model import USUAL, Scope
from ffmill.db import migrate
from ffmill.db.pool import open_pool
from ffmill.jobs import attempts
from tests.integration.test_repository import new_worker

OLD_JOB = """
INSERT INTO jobs (id, account_id, machine, input_files, output_files, ffmpeg_commands, timeout_seconds)
SELECT gen_random_uuid(), id, 'cpu', '{}', '["o"]', '["-i a {{o}}"]', 60 FROM accounts WHERE name = 'owner'
RETURNING id
"""


@pytest.fixture
def empty(postgres: str) -> Generator[str]:
    """The URL of a database without any schema."""
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_conninfo(postgres, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def upgrade(url: str, revision: str) -> None:
    """To a revision that is not the newest."""
    config = migrate._config()  # pyright: ignore[reportPrivateUsage]
    with migrate._engine(url).connect() as connection, connection.begin():  # pyright: ignore[reportPrivateUsage]
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


async def test_what_was_queued_before_accounts_stood_in_line_is_claimed_after(empty: str) -> None:
    upgrade(empty, "0001")
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("INSERT INTO accounts (name) VALUES ('owner'), ('other')")
        row = connection.execute(OLD_JOB.encode()).fetchone()
        assert row
        connection.execute(
            "INSERT INTO api_keys (account_id, name, prefix, hash) SELECT id, 'k', name, name::bytea FROM accounts"
        )
    assert migrate.migrate(empty) == migrate.newest()
    async with open_pool(empty) as pool, pool.connection() as connection:
        claimed = await attempts.claim(connection, machine="cpu", worker=await new_worker(connection), ticket=1)
        assert claimed
        assert (claimed.job.id, claimed.job.priority, claimed.job.metadata) == (row[0], 0, {})
        assert {key.prefix: key.scopes for key in await api_keys.list_all(connection)} == {
            "owner": (Scope.ADMIN,),
            "other": USUAL,
        }


def test_a_second_migration_changes_nothing(database_url: str) -> None:
    assert migrate.current(database_url) == migrate.newest()
    assert migrate.migrate(database_url) == migrate.newest()
