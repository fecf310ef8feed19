"""Why jobs failed, what they do while they run, what each FFmpeg can, probes."""

from ffmill.db.statements import execute

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Runs the SQL."""
    execute(revision)
