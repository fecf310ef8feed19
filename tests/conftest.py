"""What many tests share: a real PostgreSQL, and a fresh migrated database on it for each test that asks."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.migrate import migrate
from ffmill.db.pool import Pool, open_pool
from tests.cluster.cluster import Cluster, cluster

TEMPLATE = "ffmill_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--service`: what the acceptance tests run against."""
    parser.addoption("--service", choices=["serve", "cluster"], default="serve", help="what acceptance tests call")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The URL of a PostgreSQL that holds a migrated template database."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the tests
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(make_conninfo(server.url, dbname=TEMPLATE))
        yield server.url


@pytest.fixture
def database_url(postgres: str) -> Generator[str]:
    """The URL of a fresh database with our schema, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
        yield make_conninfo(postgres, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[Pool]:
    """A pool on a fresh database."""
    async with open_pool(database_url, max_size=8) as opened:
        yield opened


@pytest.fixture(scope="session")
def loopback_cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """A cluster on this machine, two APIs and two workers; inputs may come from loopback."""
    with cluster(tmp_path_factory.mktemp("cluster"), FFMILL_ALLOW_NETS="127.0.0.0/8") as made:
        yield made


@pytest.fixture(scope="session")
def media() -> Path:
    """The directory of the footage that ffmill ships."""
    return Path(__file__).parents[1] / "examples" / "media"
