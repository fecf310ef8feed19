"""The whole installation, for those whose key allows it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.accounts import audit
from ffmill.accounts.audit import NEWEST, Entry
from ffmill.api import documented, documented_admin, queries
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Admin
from ffmill.api.parts import parts_of
from ffmill.jobs.view import timestamp
from ffmill.worker.registry import Worker, all_workers

MOST_LISTED = 100

router = APIRouter(prefix="/api/admin", tags=["Administration"])


@router.get("/workers", **documented.WORKERS)
async def workers(request: Request, _: Admin) -> Response:
    """All workers that are registered."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        found = await all_workers(connection, parts.settings.worker_lost_seconds)
    return JsonAnswer({"data": [_view(worker) for worker in found]})


@router.get("/audit", **documented_admin.AUDIT)
async def audit_log(request: Request, _: Admin) -> Response:
    """Who did what, newest first."""
    limit = min(queries.integer(request.query_params, "limit", 50, least=1), MOST_LISTED)
    before = queries.integer(request.query_params, "cursor", NEWEST, least=1, most=NEWEST)
    async with parts_of(request).pool.connection() as connection:
        found = await audit.newest(connection, limit + 1, before=before)
    page, more = found[:limit], len(found) > limit
    paging = {"limit": limit, "hasMore": more, "nextCursor": str(page[-1].id) if more else None}
    return JsonAnswer({"data": [_entry(entry) for entry in page], "pagingParams": paging})


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": timestamp(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
    }


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
