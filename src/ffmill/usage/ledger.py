"""What an account's finished jobs used, summed up from the ledger, in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from ffmill.db.pool import Connection
from ffmill.errors import BadRequest

METADATA = "metadata."
MOST_GROUPS = 10_000

# What rows can be grouped by, as an expression over a row; `metadata.KEY` as well.
GROUPS = {
    "day": "to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "machine": "machine",
    "status": "status",
}

# Index usage_of_account.
SUM = """
SELECT {group} AS name, count(*) AS jobs,
       sum(input_bytes)::bigint AS input_bytes, sum(output_bytes)::bigint AS output_bytes,
       sum(cpu_seconds) AS cpu_seconds, sum(gpu_seconds) AS gpu_seconds, sum(wall_seconds) AS wall_seconds,
       max(peak_memory_bytes) AS peak_memory_bytes
FROM usage WHERE account_id = %(account)s AND ended_at >= %(from)s AND ended_at < %(before)s
GROUP BY 1 ORDER BY 1 LIMIT %(most)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """What jobs used together. A job counts where and when it ended."""

    jobs: int = 0
    input_bytes: int = 0  # that were fetched
    output_bytes: int = 0  # that were kept
    cpu_seconds: float = 0
    gpu_seconds: float = 0
    wall_seconds: float = 0  # from claim to end
    peak_memory_bytes: int = 0  # of the largest command

    def plus(self, other: "Sums") -> "Sums":
        """Of both together."""
        both = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Sums)}
        return Sums(**{**both, "peak_memory_bytes": max(self.peak_memory_bytes, other.peak_memory_bytes)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which part of the ledger is asked for, and how it is grouped."""

    since: datetime
    before: datetime
    group_by: str = "day"  # a name of GROUPS, or `metadata.KEY`


async def now(connection: Connection) -> datetime:
    """The time by the clock that dates the ledger's rows, in UTC."""
    row = await (await connection.execute("SELECT now()")).fetchone()
    assert row is not None  # noqa: S101 - it always returns a row
    return row[0].astimezone(UTC)


async def sums(connection: Connection, account_id: UUID, asked: Asked) -> Sequence[tuple[str | None, Sums]]:
    """The sums of each group that has any, by its name; None is the group of jobs without that metadata.

    Raises BadRequest when there are more groups than 10,000.
    """
    key = asked.group_by.removeprefix(METADATA) if asked.group_by.startswith(METADATA) else None
    group = GROUPS[asked.group_by] if key is None else "metadata ->> %(key)s"
    values = {
        "account": account_id,
        "from": asked.since,
        "before": asked.before,
        "key": key,
        "most": MOST_GROUPS + 1,
    }
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(SUM.format(group=group).encode(), values)).fetchall()
    if len(rows) > MOST_GROUPS:
        raise BadRequest(f"there are more than {MOST_GROUPS:,} values of {asked.group_by}: ask for a shorter time")
    return [_named(row) for row in rows]


def _named(row: dict[str, Any]) -> tuple[str | None, Sums]:
    name = row.pop("name")
    return name, Sums(**row)
