"""The whole installation, for those whose key allows it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.api import documented
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Admin
from ffmill.api.parts import parts_of
from ffmill.jobs.view import timestamp
from ffmill.worker.registry import Worker, all_workers

router = APIRouter(prefix="/api/admin", tags=["Administration"])


@router.get("/workers", **documented.WORKERS)
async def workers(request: Request, _: Admin) -> Response:
    """All workers that are registered."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        found = await all_workers(connection, parts.settings.worker_lost_seconds)
    return JsonAnswer({"data": [_view(worker) for worker in found]})


def _view(worker: Worker) -> dict[str, object]:
    return {
        "id": str(worker.id),
        "name": worker.name,
        "host": worker.host,
        "machine": worker.machine,
        "concurrency": worker.concurrency,
        "ffmpeg_version": worker.ffmpeg_version,
        "sandbox": worker.sandbox,
        "started_at": timestamp(worker.started_at),
        "heartbeat_at": timestamp(worker.heartbeat_at),
        "live": worker.is_live,
        "jobs": [str(job) for job in worker.jobs],
    }
