"""The first schema, and Procrastinate's own."""

from procrastinate.schema import SchemaManager

from ffmill.db.statements import execute

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Runs the SQL, and the engine's."""
    execute(revision).execute(SchemaManager.get_schema().encode())
