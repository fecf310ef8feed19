"""Shares of accounts, priorities, metadata, repeated requests, more about workers."""

from ffmill.db.statements import execute

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Runs the SQL."""
    execute(revision)
