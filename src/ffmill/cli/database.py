"""The database, for a command that needs it for a moment."""

from collections.abc import Generator
from contextlib import contextmanager

from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres, database_url
from ffmill.locks import Held


@contextmanager
def reachable(settings: Settings) -> Generator[str]:
    """The URL of the database: the operator's; the embedded one as `ffmill serve` runs it, or else started for now.

    Raises CannotStart.
    """
    postgres = None if settings.database_url else EmbeddedPostgres(settings.root)
    try:
        if postgres:
            postgres.start()
    except Held:  # it is running already
        postgres = None
    try:
        yield database_url(settings)
    finally:
        if postgres:
            postgres.stop()
