"""Objects that no row names any more, found in a list of all that the store holds.

None of the reasons given here ever ceases to hold: a job or temporary file that is gone does not come back, one that
has ended lists nothing new, and attempts are counted upwards. So an object may be deleted a while after it was judged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ffmill.db.pool import Connection
from ffmill.jobs.model import Status
from ffmill.store.store import Found, Store

PREFIXES = ("outputs", "tmp")

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OUTPUT = re.compile(rf"outputs/(?P<owner>{_UUID})/(?P<attempt>[0-9]{{1,9}})/.+", re.ASCII | re.DOTALL)
_UPLOAD = re.compile(rf"tmp/(?P<owner>{_UUID})/.+", re.ASCII | re.DOTALL)

# Primary keys.
JOBS = """
SELECT id, status, attempt, ARRAY(SELECT output ->> 'key' FROM json_array_elements(outputs) AS output)
FROM jobs WHERE id = ANY(%s)
"""
UPLOADS = "SELECT id, object_key FROM tmp_files WHERE id = ANY(%s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """An object that nobody needs."""

    found: Found
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    ended: bool
    attempt: int
    locations: frozenset[str]  # of its outputs


async def strays(connection: Connection, store: Store, page: Sequence[Found]) -> list[Stray]:
    """Those of the objects that no row names; objects whose keys are not of our form are left alone."""
    outputs = [(found, match) for found in page if (match := _OUTPUT.fullmatch(found.location))]
    uploads = [(found, match) for found in page if (match := _UPLOAD.fullmatch(found.location))]
    jobs = await _jobs(connection, store, _owners(outputs))
    objects = await _objects(connection, store, _owners(uploads))
    return [
        *_judged((found, _of_output(jobs, found, match)) for found, match in outputs),
        *_judged((found, _of_upload(objects, found, match)) for found, match in uploads),
    ]


def _owners(found: Sequence[tuple[Found, re.Match[str]]]) -> list[UUID]:
    return list({UUID(match["owner"]) for _, match in found})


def _judged(verdicts: Iterator[tuple[Found, str | None]]) -> Iterator[Stray]:
    return (Stray(found=found, reason=reason) for found, reason in verdicts if reason)


async def _jobs(connection: Connection, store: Store, ids: list[UUID]) -> dict[UUID, _Job]:
    rows = await (await connection.execute(JOBS, (ids,))).fetchall()
    return {
        job_id: _Job(ended=Status(status).terminal, attempt=attempt, locations=frozenset(map(store.location, keys)))
        for job_id, status, attempt, keys in rows
    }


async def _objects(connection: Connection, store: Store, ids: list[UUID]) -> dict[UUID, str | None]:
    rows = await (await connection.execute(UPLOADS, (ids,))).fetchall()
    return {file_id: key and store.location(key) for file_id, key in rows}


def _of_output(jobs: Mapping[UUID, _Job], found: Found, match: re.Match[str]) -> str | None:
    job = jobs.get(UUID(match["owner"]))
    if job is None:
        return "its job is gone"
    if job.ended:
        return None if found.location in job.locations else "its job does not list it"
    return "it is of an attempt that was lost" if int(match["attempt"]) < job.attempt else None


def _of_upload(objects: Mapping[UUID, str | None], found: Found, match: re.Match[str]) -> str | None:
    file_id = UUID(match["owner"])
    if file_id not in objects:
        return "its temporary file is gone"
    return None if objects[file_id] in (None, found.location) else "another upload was taken"
