"""How workers confine commands."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Plain SQL through the driver itself: several statements at once, no placeholders."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101
    driver.execute(Path(__file__).parents[1].joinpath("0003.sql").read_text(encoding="utf-8"))
