"""The rows of `tmp_files`: files that clients upload for their jobs, each at most once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from psycopg.rows import class_row

from ffmill.db.pool import Connection

URL_SECONDS = 3600
MAX_MEDIA_TYPE = 255

CREATE = "INSERT INTO tmp_files (account_id) VALUES (%s) RETURNING id"
GET = "SELECT id, object_key, media_type FROM tmp_files WHERE id = ANY(%s)"
# The first complete upload wins.
COMPLETE = """
    UPDATE tmp_files SET object_key = %(object_key)s, bytes = %(bytes)s, media_type = %(media_type)s,
                         uploaded_at = now()
    WHERE id = %(id)s AND object_key IS NULL
"""

_KEY = re.compile(r"tmp/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class TmpFile:
    """A row of `tmp_files`."""

    id: UUID
    object_key: str | None  # None until the upload is complete
    media_type: str | None  # as the upload's Content-Type said


def url_key(file_id: UUID) -> str:
    """What the URLs of a temporary file are signed for; the object itself has another key, one for each upload."""
    return f"tmp/{file_id}"


def id_in(key: str) -> UUID | None:
    """The temporary file that a URL's key names; None for the key of an object."""
    match = _KEY.fullmatch(key)
    return UUID(match[1]) if match else None


def new_object_key(file_id: UUID) -> str:
    """The key for the object of one upload; deleting the prefix `tmp/{id}` deletes those of all."""
    return f"{url_key(file_id)}/{uuid4()}"


async def create(connection: Connection, account_id: UUID) -> UUID:
    """The id of a new temporary file, yet to be uploaded."""
    row = await (await connection.execute(CREATE, (account_id,))).fetchone()
    assert row is not None  # noqa: S101 - RETURNING gives the row
    return row[0]


async def get(connection: Connection, file_id: UUID) -> TmpFile | None:
    """The temporary file; None when it is gone, a day after it was made."""
    return (await get_many(connection, [file_id])).get(file_id)


async def get_many(connection: Connection, file_ids: Sequence[UUID]) -> dict[UUID, TmpFile]:
    """Those of the temporary files that are there, by id."""
    async with connection.cursor(row_factory=class_row(TmpFile)) as cursor:
        await cursor.execute(GET, (list(file_ids),))
        return {file.id: file for file in await cursor.fetchall()}


async def complete(connection: Connection, file_id: UUID, object_key: str, size: int, media_type: str | None) -> bool:
    """Makes the uploaded object, `size` bytes long, the file; False when another upload was first, or the file gone."""
    kept = media_type[:MAX_MEDIA_TYPE] if media_type else None
    given = {"id": file_id, "object_key": object_key, "bytes": size, "media_type": kept}
    return (await connection.execute(COMPLETE, given)).rowcount == 1
