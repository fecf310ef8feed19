"""Lists of an account's jobs, newest first: by page or from job to job, all of them or those asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from ffmill.db.pool import Connection
from ffmill.jobs.model import Job, Status
from ffmill.jobs.repository import NEWS, UNATTENDED, WITH_NEWS
from ffmill.jobs.rows import job_row

PAGE_BYTES = 16 << 20
COUNTED = 10_000

# Index jobs_of_account; jobs_by_status, jobs_by_machine or jobs_by_metadata where that is asked for. The page ends
# before it grows beyond a number of bytes; its first job is always given. One job more than asked for tells whether
# there are more.
LIST = f"""
WITH page AS (
    SELECT * FROM jobs WHERE {{conditions}}
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s + 1 OFFSET %(offset)s
), weighed AS (
    SELECT page.*, count(*) OVER () AS found, row_number() OVER newest AS place, sum(
        octet_length(input_files::text) + octet_length(ffmpeg_commands::text) + 2 * octet_length(outputs::text)
        + 200 * json_array_length(outputs) + octet_length(error_message) + octet_length(metadata::text) + 1000
    ) OVER newest AS bytes_so_far
    FROM page WINDOW newest AS (ORDER BY created_at DESC, id DESC ROWS UNBOUNDED PRECEDING)
)
SELECT {WITH_NEWS}, {UNATTENDED}, found FROM weighed AS jobs {NEWS}
WHERE place <= %(limit)s AND (place = 1 OR bytes_so_far <= %(bytes)s) ORDER BY place
"""  # noqa: S608 - our own fragments

# The same indexes, at most 10,000 entries.
COUNT = "SELECT count(*) FROM (SELECT FROM jobs WHERE {conditions} LIMIT %(counted)s) AS counted"

AFTER = "(created_at, id) < (%(after_time)s, %(after_id)s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A job's place in the list: what comes after it is older, or as old and has a smaller id."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which jobs are asked for; what is None is not."""

    status: Status | None = None
    machine: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])  # pairs that a job must have
    created_from: datetime | None = None
    created_before: datetime | None = None

    def conditions(self) -> list[str]:
        """In SQL."""
        asked = {
            "status = %(status)s": self.status,
            "machine = %(machine)s": self.machine,
            "metadata <> '{}' AND metadata @> %(metadata)s": self.metadata or None,
            "created_at >= %(from)s": self.created_from,
            "created_at < %(before)s": self.created_before,
        }
        return [
            "account_id = %(account)s AND program = 'ffmpeg'",
            *(text for text, value in asked.items() if value is not None),
        ]

    def values(self) -> dict[str, Any]:
        """For the placeholders."""
        return {
            "status": self.status,
            "machine": self.machine,
            "metadata": Jsonb(dict(self.metadata)),
            "from": self.created_from,
            "before": self.created_before,
        }


EVERYTHING = Filter()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some of an account's jobs, newest first."""

    jobs: tuple[Job, ...]
    limit: int  # as used
    offset: int
    total: int  # exact up to 10,000
    has_more: bool

    @property
    def end(self) -> Place | None:
        """Where the next page begins; None when there is none."""
        last = self.jobs[-1] if self.has_more and self.jobs else None
        return Place(created_at=last.created_at, id=last.id) if last else None


async def page(
    connection: Connection,
    account_id: UUID,
    *,
    limit: int,
    offset: int = 0,
    after: Place | None = None,
    asked: Filter = EVERYTHING,
    silent_seconds: float,
) -> Page:
    """At most `limit` jobs, or 16 MiB of them, from `offset` on or those after a place."""
    conditions = asked.conditions()
    values = {
        **asked.values(),
        "account": account_id,
        "limit": limit,
        "offset": offset,
        "bytes": PAGE_BYTES,
        "counted": COUNTED,
        "silent": silent_seconds,
        "after_time": after and after.created_at,
        "after_id": after and after.id,
    }
    listed = LIST.format(conditions=" AND ".join([*conditions, AFTER] if after else conditions))
    async with connection.cursor() as cursor:
        await cursor.execute(listed.encode(), values)
        make = job_row(cursor)
        rows = await cursor.fetchall()
        await cursor.execute(COUNT.format(conditions=" AND ".join(conditions)).encode(), values)
        (total,) = await cursor.fetchone() or (0,)
    jobs, found = tuple(map(make, rows)), rows[0][-1] if rows else 0
    cut = 0 < len(jobs) < min(limit, found)
    return Page(
        jobs=jobs,
        limit=len(jobs) if cut else limit,
        offset=offset,
        total=total,
        has_more=found > len(jobs),
    )
