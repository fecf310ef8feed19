"""Shares of accounts, priorities, metadata, repeated requests, more about workers."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Plain SQL through the driver itself: several statements at once, no placeholders."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101
    driver.execute(Path(__file__).parents[1].joinpath("0002.sql").read_text(encoding="utf-8"))
