"""Jobs that have ended and files that were uploaded, with their objects in a store, for tests of what is kept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

from ffmill.db.pool import Connection
from ffmill.jobs import attempts
from ffmill.jobs.model import Job, Output, Result, Status
from ffmill.store import tmp_files
from ffmill.store.store import Store
from tests.integration.test_repository import SUBMISSION, new_worker, submit


async def put(store: Store, key: str, body: bytes = b"x") -> str:
    """An object with this body; gives its key."""

    async def stream() -> AsyncIterator[bytes]:
        yield body

    await store.put_stream(key, stream(), 1 << 30)
    return key


async def objects(store: Store) -> list[str]:
    """Where all of the store's objects lie."""
    return sorted(
        [found.location for top in ("outputs", "tmp") async for page in store.list_objects(top) for found in page]
    )


async def ended(
    connection: Connection, store: Store, account: UUID, *names: str, status: Status = Status.SUCCEEDED
) -> Job:
    """A job that has just ended, with these outputs."""
    await submit(connection, account, replace(SUBMISSION, output_files=names or ("none",)))
    claimed = await attempts.claim(connection, machine="cpu", worker=await new_worker(connection), ticket=1)
    assert claimed is not None
    job = claimed.job
    keys = {name: await put(store, f"outputs/{job.id}/{job.attempt}/{name}", name.encode()) for name in names}
    outputs = tuple(Output(name=name, key=key, bytes=len(name)) for name, key in keys.items())
    assert await attempts.finish(connection, job, Result(status=status, outputs=outputs, log="a log"))
    return replace(job, status=status, outputs=outputs)


async def reader(connection: Connection, account: UUID, owner: UUID) -> Job:
    """A queued job that will read the owner's files."""
    job = await submit(connection, account)
    await connection.execute("INSERT INTO file_references (job_id, owner_id) VALUES (%s, %s)", (job.id, owner))
    return job


async def uploaded(connection: Connection, store: Store, account: UUID) -> tuple[UUID, str]:
    """A temporary file and the key of its object."""
    file_id = await tmp_files.create(connection, account)
    key = await put(store, tmp_files.new_object_key(file_id))
    assert await tmp_files.complete(connection, file_id, key, 1, None)
    return file_id, key


async def begun(connection: Connection, account: UUID) -> UUID:
    """A temporary file to which nothing was uploaded."""
    return await tmp_files.create(connection, account)


def stray_output() -> str:
    """The key of an output whose job is not there."""
    return f"outputs/{uuid4()}/1/x"
