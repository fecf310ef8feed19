"""How workers confine commands."""

from ffmill.db.statements import execute

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Runs the SQL."""
    execute(revision)
