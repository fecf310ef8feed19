"""Health, for whoever watches the service: is the process up, and can it do its work."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.api import documented, errors
from ffmill.api.answers import JsonAnswer
from ffmill.api.parts import Parts, parts_of
from ffmill.db.pool import UNREACHABLE, cut_after
from ffmill.errors import Unavailable
from ffmill.worker.registry import live_workers

CHECK_SECONDS = 5.0

router = APIRouter(tags=["Health"])


@router.get("/healthz", **documented.HEALTH)
@router.head("/healthz", include_in_schema=False)
async def healthz() -> Response:
    """The process is up."""
    return JsonAnswer({"status": "ok"})


@router.get("/readyz", **documented.READY)
@router.head("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """Database, store, and a live worker for each pool: ready, or what is missing."""
    parts = parts_of(request)
    workers, store = await asyncio.gather(_workers(parts), _store(parts))
    pools = {machine: (workers or {}).get(machine, 0) for machine in parts.settings.machines}
    checks = {"database": workers is not None, "store": store, "workers": pools}
    if missing := _missing(checks):
        return errors.answer(Unavailable(f"not ready: {'; '.join(missing)}"), more={"checks": checks})
    return JsonAnswer({"status": "ready", "checks": checks})


async def _workers(parts: Parts) -> dict[str, int] | None:
    """Live workers by pool; None when the database cannot be asked."""
    seconds = CHECK_SECONDS / 2  # to get a connection, and to get an answer
    try:
        async with parts.pool.connection(seconds) as connection:
            with cut_after(connection, seconds):
                return await live_workers(connection, parts.settings.worker_lost_seconds)
    except UNREACHABLE:
        return None


async def _store(parts: Parts) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await parts.store.check()
    except (TimeoutError, Unavailable):
        return False
    return True


def _missing(checks: dict[str, Any]) -> list[str]:
    missing = [f"the {part} cannot be reached" for part in ("database", "store") if not checks[part]]
    if checks["database"]:
        missing += [f"no live worker in the pool {pool}" for pool, count in checks["workers"].items() if count == 0]
    return missing
