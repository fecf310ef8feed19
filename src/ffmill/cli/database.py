"""The database, for a command that needs it for a moment."""

from collections.abc import Generator
from contextlib import contextmanager

from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres, database_url
from ffmill.db.migrate import migrate
from ffmill.errors import CannotStart
from ffmill.locks import Held


@contextmanager
def reachable(settings: Settings) -> Generator[str]:
    """The URL of the database: the operator's; the embedded one as `ffmill serve` runs it, or else started for now,
    with its schema.

    Raises CannotStart.
    """
    if settings.database_url:
        yield database_url(settings)
        return
    postgres = EmbeddedPostgres(settings.root)
    if not postgres.exists():
        raise CannotStart(f"there is no database in {settings.root}: run `ffmill serve` first, or name its --data-dir")
    try:
        postgres.start()
    except Held:  # `ffmill serve` runs it
        yield postgres.url
        return
    try:
        migrate(postgres.url)
        yield postgres.url
    finally:
        postgres.stop()
