"""Rows that name objects which are not in the store any more: found by a look at each job's and file's own."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from ffmill.db.pool import Connection, Pool
from ffmill.errors import FfmillError
from ffmill.jobs.names import shown
from ffmill.store import prefixes
from ffmill.store.store import Store

T = TypeVar("T")
PAGE = 20  # looked at side by side; a job may list 10,000 outputs
SHOWN = 20
FIRST = UUID(int=0)

# Primary keys.
JOBS = """
SELECT id, outputs FROM jobs
WHERE id > %(after)s AND status = 'succeeded' AND files_deleted_at IS NULL ORDER BY id LIMIT %(most)s
"""
UPLOADS = """
SELECT id, object_key FROM tmp_files WHERE id > %(after)s AND object_key IS NOT NULL ORDER BY id LIMIT %(most)s
"""

# Primary key. Guarded against whoever deletes the files meanwhile, as they are missing then, too.
MEND = """
UPDATE jobs SET
    outputs = (
        SELECT coalesce(json_agg(output ORDER BY place), '[]')
        FROM json_array_elements(outputs) WITH ORDINALITY AS listed (output, place)
        WHERE output ->> 'key' <> ALL(%(lost)s)
    ),
    files_deleted_at = CASE WHEN NOT EXISTS (
        SELECT FROM json_array_elements(outputs) AS output WHERE output ->> 'key' <> ALL(%(lost)s)
    ) THEN now() END,
    warnings = (warnings::jsonb || to_jsonb(%(warning)s::text))::json, updated_at = now()
WHERE id = %(job)s AND status = 'succeeded' AND files_deleted_at IS NULL
"""
DELETE_UPLOAD = "DELETE FROM tmp_files WHERE id = %s AND object_key = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class LostOutputs:
    """Outputs that a job lists and the store has not: name → key."""

    job_id: UUID
    outputs: Mapping[str, str]

    @property
    def warning(self) -> str:
        """One sentence that names the files, for the job's owner."""
        names = ", ".join(map(shown, list(self.outputs)[:SHOWN]))
        more = f" and {len(self.outputs) - SHOWN} more" if len(self.outputs) > SHOWN else ""
        return f"the file store has lost {names}{more}"

    async def mend(self, connection: Connection) -> bool:
        """Takes them off the job's list; False when the job's files were deleted meanwhile."""
        values = {"job": self.job_id, "lost": list(self.outputs.values()), "warning": self.warning}
        return (await connection.execute(MEND, values)).rowcount == 1


@dataclass(frozen=True, kw_only=True, slots=True)
class LostUpload:
    """A temporary file whose object the store has not."""

    file_id: UUID
    key: str

    async def mend(self, connection: Connection) -> bool:
        """Deletes the row; False when it was gone."""
        return (await connection.execute(DELETE_UPLOAD, (self.file_id, self.key))).rowcount == 1


async def lost_outputs(pool: Pool, store: Store) -> AsyncGenerator[LostOutputs]:
    """Of every job that has files, those that the store has not."""
    async for page in _pages(pool, JOBS):
        outputs = [{output["name"]: output["key"] for output in listed} for _, listed in page]
        missing = await _side_by_side(
            [_not_listed(store, job_id, keys) for (job_id, _), keys in zip(page, outputs, strict=True)]
        )
        for (job_id, _), lost in zip(page, missing, strict=True):
            if lost:
                yield LostOutputs(job_id=job_id, outputs=lost)


async def lost_uploads(pool: Pool, store: Store) -> AsyncGenerator[LostUpload]:
    """Temporary files that were uploaded, and that the store has not."""
    async for page in _pages(pool, UPLOADS):
        stats = await _side_by_side([store.stat(key) for _, key in page])
        for (file_id, key), stat in zip(page, stats, strict=True):
            if stat is None:
                yield LostUpload(file_id=file_id, key=key)


async def _not_listed(store: Store, job_id: UUID, keys: Mapping[str, str]) -> dict[str, str]:
    """Those of a job's outputs that are missing: one list, however many there are, and a second look at each."""
    there = {found.location async for page in store.list_objects(prefixes.of_job(job_id)) for found in page}
    missing = {name: key for name, key in keys.items() if store.location(key) not in there}
    return {name: key for name, key in missing.items() if await store.stat(key) is None}


async def _pages(pool: Pool, statement: str) -> AsyncGenerator[Sequence[tuple[UUID, Any]]]:
    after = FIRST
    while True:
        async with pool.connection() as connection:
            values = {"after": after, "most": PAGE}
            rows = await (await connection.execute(statement.encode(), values)).fetchall()
        if not rows:
            return
        yield [(row[0], row[1]) for row in rows]
        after = rows[-1][0]


async def _side_by_side(looks: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(look) for look in looks]
    except* FfmillError as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]
