"""The files of jobs over HTTP, all of a job at once."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.api import documented, queries
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import FileWriter
from ffmill.api.parts import parts_of
from ffmill.retention.files import delete_files

router = APIRouter(prefix="/api", tags=["Files"])


@router.delete("/jobs/{job_id}/files", **documented.DELETE_FILES)
async def delete(request: Request, caller: FileWriter, job_id: str) -> Response:
    """The job, without its files."""
    parts = parts_of(request)
    job = await delete_files(parts.jobs, parts.pool, parts.store, caller.account, queries.uuid(job_id, "job"))
    return JsonAnswer({"data": await parts.view(job)})
