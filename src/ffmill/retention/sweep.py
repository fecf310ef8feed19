"""Rows and objects, compared completely and mended: what no row names is deleted, what the store has not is told."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ffmill.db.pool import Pool
from ffmill.errors import CannotStart
from ffmill.jobs.names import shown
from ffmill.retention.losses import LostOutputs, LostUpload, lost_outputs, lost_uploads
from ffmill.retention.strays import PREFIXES, strays
from ffmill.store.store import Found, Store

ASK_BACK = (
    "are FFMILL_STORE_URL and FFMILL_DATABASE_URL (or --data-dir) those of one service? --check --anyway compares them"
)

# Whether any row names a file.
NAMES_FILES = """
SELECT EXISTS (SELECT FROM jobs WHERE status = 'succeeded' AND files_deleted_at IS NULL)
    OR EXISTS (SELECT FROM tmp_files WHERE object_key IS NOT NULL)
"""
# Whether anybody has ever used this database.
HAS_ROWS = "SELECT EXISTS (SELECT FROM jobs) OR EXISTS (SELECT FROM tmp_files)"


@dataclass(kw_only=True, slots=True)
class Counts:
    """What was found."""

    objects: int = 0  # looked at
    strays: int = 0  # objects that nobody needs
    stray_bytes: int = 0
    jobs: int = 0  # that list outputs which are gone
    uploads: int = 0  # temporary files that are gone


class Sweep:
    """One comparison, page by page, however much there is."""

    def __init__(
        self, pool: Pool, store: Store, tell: Callable[[str], None], *, older_than_seconds: float, dry_run: bool = False
    ) -> None:
        """`tell` gets a line for each finding. A younger object may be in flight, and is left alone; with `dry_run`,
        everything is."""
        self._pool = pool
        self._store = store
        self._tell = tell
        self._dry_run = dry_run
        self._before = time.time() - older_than_seconds
        self.counts = Counts()

    async def run(self) -> Counts:
        """Compares and mends; raises Unavailable, and what was done until then stays done."""
        for prefix in PREFIXES:
            async for page in self._store.list_objects(prefix):
                await self._look_at(page)
        async for lost in lost_outputs(self._pool, self._store):
            self.counts.jobs += await self._mend(lost, f"mend job {lost.job_id}: {lost.warning}")
        async for lost in lost_uploads(self._pool, self._store):
            what = f"delete temporary file {lost.file_id}: the file store has lost its upload"
            self.counts.uploads += await self._mend(lost, what)
        return self.counts

    async def _look_at(self, page: Sequence[Found]) -> None:
        self.counts.objects += len(page)
        old = [found for found in page if found.modified.timestamp() < self._before]
        async with self._pool.connection() as connection:
            judged = await strays(connection, self._store, old)
        if not self._dry_run:
            await self._store.delete_found([stray.found for stray in judged])
        for stray in judged:
            self.counts.strays += 1
            self.counts.stray_bytes += stray.found.bytes
            self._say(f"delete {shown(stray.found.location, 1024)}: {stray.reason}")

    async def _mend(self, lost: LostOutputs | LostUpload, what: str) -> bool:
        """Whether there was something to mend."""
        if not self._dry_run:
            async with self._pool.connection() as connection:
                if not await lost.mend(connection):
                    return False
        self._say(what)
        return True

    def _say(self, what: str) -> None:
        self._tell(f"would {what}" if self._dry_run else what)


async def refuse_strangers(pool: Pool, store: Store) -> None:
    """Raises CannotStart where one side is empty and the other is not: they hardly belong together.

    One wrong variable would else delete all files, or take them off all jobs, or forget what is to be deleted.
    """
    holds = await _holds_any(store)
    if holds and not await _is(pool, HAS_ROWS):
        raise CannotStart(f"the store holds files, and the database knows of none: {ASK_BACK}")
    if not holds and await _is(pool, NAMES_FILES):
        raise CannotStart(f"the database knows of files, and the store is empty: {ASK_BACK}")


async def _holds_any(store: Store) -> bool:
    for prefix in PREFIXES:
        async for _ in store.list_objects(prefix):
            return True
    return False


async def _is(pool: Pool, statement: str) -> bool:
    async with pool.connection() as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
    return bool(row and row[0])
