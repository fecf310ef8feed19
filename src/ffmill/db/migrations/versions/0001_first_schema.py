"""The first schema, and Procrastinate's own."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Plain SQL through the driver itself: several statements at once, no placeholders."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101
    driver.execute(Path(__file__).parents[1].joinpath("0001.sql").read_text(encoding="utf-8"))
    driver.execute(SchemaManager.get_schema())
