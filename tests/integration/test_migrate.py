"""Migrations on data of the release before: nothing accepted is lost, and what waited goes on."""

from collections.abc import Generator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Json, Jsonb

from ffmill.accounts import api_keys
from ffmill.accounts.model import USUAL, Scope
from ffmill.db import migrate
from ffmill.db.pool import open_pool
from ffmill.jobs import attempts
from tests.integration.test_repository import new_worker

NOW = datetime(2026, 3, 1, tzinfo=UTC)
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


async def test_deliveries_of_before_are_kept_and_those_under_way_are_made(empty: str) -> None:
    upgrade(empty, "0003")
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("INSERT INTO accounts (name) VALUES ('owner')")
        ids = {
            name: row[0]
            for name in ("delivered", "failed", "waiting", "cut off")
            if (row := connection.execute(OLD_JOB.encode()).fetchone())
        }
        connection.execute("UPDATE jobs SET webhook_url = 'http://hook.example/'")
        record = "INSERT INTO deliveries (job_id, url, attempted_at, status_code, error) VALUES (%s, 'u', %s, %s, %s)"
        connection.execute(record, (ids["delivered"], NOW, 200, None))
        connection.execute(record, (ids["failed"], NOW, 500, "the webhook answered 500"))
        connection.execute(record, (ids["cut off"], None, None, None))
        for name in ("waiting", "cut off"):
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('webhooks', 'delivery', %s)",
                (Jsonb({"job_id": str(ids[name])}),),
            )
    migrate.migrate(empty)
    with psycopg.connect(empty) as connection:
        states = dict(connection.execute("SELECT job_id, state FROM deliveries").fetchall())
        assert {name: states[job] for name, job in ids.items()} == {
            "delivered": "delivered",
            "failed": "failed",
            "waiting": "pending",
            "cut off": "pending",
        }
        rows = connection.execute("SELECT status_code, error, started_at FROM delivery_attempts ORDER BY status_code")
        assert rows.fetchall() == [(200, None, NOW), (500, "the webhook answered 500", NOW)]
        tasks = connection.execute("SELECT (args->>'delivery_id')::uuid, args->>'round' FROM procrastinate_jobs")
        pending = connection.execute("SELECT id, '1' FROM deliveries WHERE state = 'pending'")
        assert sorted(tasks.fetchall()) == sorted(pending.fetchall())
        (secret,) = connection.execute("SELECT secret FROM webhook_secrets").fetchone() or (b"",)
        assert len(secret) == 32


async def test_files_that_queued_jobs_will_read_are_kept(empty: str) -> None:
    upgrade(empty, "0003")
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("INSERT INTO accounts (name) VALUES ('owner')")
        (job,) = connection.execute(OLD_JOB.encode()).fetchone() or (None,)
        first, upload = uuid4(), uuid4()
        keys = {"a": f"outputs/{first}/1/a.mp4", "b": f"outputs/{first}/1/b.mp4", "c": f"tmp/{upload}/{uuid4()}"}
        connection.execute("UPDATE jobs SET input_keys = %s", (Json(keys),))
    migrate.migrate(empty)
    with psycopg.connect(empty) as connection:
        rows = connection.execute("SELECT job_id, owner_id FROM file_references").fetchall()
    assert sorted(rows) == sorted([(job, first), (job, upload)])
