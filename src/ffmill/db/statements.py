"""The plain SQL of a revision of the schema."""

from alembic import op
from psycopg import Connection

from ffmill.db.migrate import MIGRATIONS


def execute(revision: str) -> Connection:
    """Runs the revision's file through the driver itself, several statements at once, no placeholders; gives that."""
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, Connection)  # noqa: S101  # as `migrate` connects
    driver.execute((MIGRATIONS / f"{revision}.sql").read_bytes())
    return driver  # pyright: ignore[reportUnknownVariableType]
