"""What a job will read of our own files: rows that keep them until it has ended.

A submission and a deletion of the same files can never miss each other. A submission locks the owners of the files (the
jobs that wrote them, the temporary files) FOR SHARE, looks that they still have them, and writes its references in that
very transaction. A deletion locks an owner FOR UPDATE in one statement and looks for references in the next, which sees
all that was committed by then. So when the deletion has its lock, every submission that came before has committed, and
is seen; every one that comes later waits, and then sees that the files are gone.
"""

import re
from collections.abc import Mapping
from uuid import UUID

from ffmill.db.pool import Connection
from ffmill.errors import BadRequest
from ffmill.jobs.names import shown

_OWNED = re.compile(
    r"(?:outputs|tmp)/(?P<owner>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/.", re.ASCII
)

# Primary keys. A row that is being deleted is waited for, and then looked at again.
LOCK = """
WITH owners AS (
    SELECT id FROM jobs WHERE id = ANY(%(ids)s) AND files_deleted_at IS NULL FOR SHARE
), files AS (
    SELECT id FROM tmp_files WHERE id = ANY(%(ids)s) FOR SHARE
)
SELECT id FROM owners UNION ALL SELECT id FROM files
"""

WRITE = "INSERT INTO file_references (job_id, owner_id) SELECT * FROM unnest(%s::uuid[], %s::uuid[])"

# To be formatted with the owner's id. Primary key of jobs, index file_references_by_owner.
UNREFERENCED = """
NOT EXISTS (
    SELECT FROM file_references JOIN jobs AS reader ON reader.id = file_references.job_id
    WHERE file_references.owner_id = {owner} AND reader.status IN ('queued', 'running')
)
"""


async def lock(connection: Connection, keys: Mapping[str, str]) -> None:
    """Holds files of ours until the caller's transaction ends; given by object key, each with an input's name.

    Raises BadRequest that names the input whose file has been deleted.
    """
    owners = {key: owner for key in keys if (owner := owner_of(key))}
    if not owners:
        return
    ids = list(set(owners.values()))
    there = {row[0] for row in await (await connection.execute(LOCK, {"ids": ids})).fetchall()}
    for key, owner in owners.items():
        if owner not in there:
            raise BadRequest(f"input_files: {shown(keys[key])}: the file behind this URL has been deleted")


async def write(connection: Connection, jobs: Mapping[UUID, Mapping[str, str]]) -> None:
    """Writes down which files the jobs will read, given as their `input_keys`; in the transaction that locked them."""
    pairs = {(job_id, owner) for job_id, keys in jobs.items() for key in keys.values() if (owner := owner_of(key))}
    if pairs:
        readers, owners = zip(*pairs, strict=True)
        await connection.execute(WRITE, (list(readers), list(owners)))


def owner_of(key: str) -> UUID | None:
    """The job, or the temporary file, to which an object belongs; None for a key of another form."""
    found = _OWNED.match(key)
    return UUID(found["owner"]) if found else None
