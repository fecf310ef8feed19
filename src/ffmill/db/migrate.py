"""Brings the schema up to date: Alembic runs the plain SQL of the revisions, once, whoever asks first."""

import logging
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from ffmill.db.pool import CONNECT, FORGET_US
from ffmill.errors import CannotStart

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 0x66666D696C6C  # "ffmill": one migration at a time on a database


def migrate(url: str) -> str:
    """Upgrades the database at `url` to the newest revision and returns its name; waits while another process does.

    Raises CannotStart when the database cannot be reached.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    try:
        with psycopg.connect(url, autocommit=True, **CONNECT) as guard:  # pyright: ignore[reportArgumentType]  # numbers
            guard.execute(FORGET_US)
            guard.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            with _engine(url).connect() as connection, connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except psycopg.OperationalError as error:
        raise CannotStart(f"the database cannot be reached: {str(error).strip()}") from error
    return newest()


def newest() -> str:
    """The newest revision that this version of ffmill knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(url: str) -> str | None:
    """The revision that the database at `url` has; None before the first migration."""
    with _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _engine(url: str) -> Engine:
    def connect() -> psycopg.Connection:
        return psycopg.connect(url, **CONNECT)  # pyright: ignore[reportArgumentType]  # numbers are fine

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
