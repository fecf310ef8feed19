"""Metrics for Prometheus."""

from fastapi import APIRouter, Request
from fastapi.security import SecurityScopes
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ffmill.accounts.model import Scope
from ffmill.api.auth import BEARER, authenticate
from ffmill.api.documenting import Route, refusals, route
from ffmill.api.parts import parts_of
from ffmill.db.pool import UNREACHABLE
from ffmill.errors import BadApiKey, Forbidden
from ffmill.metrics.metrics import CONTENT_TYPE

router = APIRouter(tags=["Administration"])

DOCUMENTED: Route = route(
    "metrics",
    "Metrics for Prometheus",
    "What is queued, who works, what attempts took, in Prometheus' text format. Needs an administrator's key, unless"
    " the operator has opened or closed it (FFMILL_METRICS). While the database is away, it is answered with what this"
    " process knows by itself, to those whose key it knows.",
    {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The metrics."},
    *(401, 503),
    extra={"security": [{"ApiKey": []}]},
)
DOCUMENTED["responses"][404] = {**refusals(404)[404], "description": "`notFound`: the operator has closed it."}


@router.get("/metrics", response_class=Response, **DOCUMENTED)
async def metrics(request: Request) -> Response:
    """All metrics of this process, and those of the installation."""
    parts = parts_of(request)
    if parts.settings.metrics == "off":
        raise HTTPException(404)
    if parts.settings.metrics == "open" or await _has_key(request):
        return Response(await parts.metrics.scrape(), media_type=CONTENT_TYPE)
    return Response(await parts.metrics.without_database(), media_type=CONTENT_TYPE)


async def _has_key(request: Request) -> bool:
    """Whether the request has an administrator's key; False when it had one lately, and the database is away now.

    Raises what `authenticate` raises, and what psycopg raises when it is away and the key is none that is known.
    """
    credentials, watchers = await BEARER(request), parts_of(request).watchers
    key = credentials.credentials.strip() if credentials else ""
    try:
        await authenticate(request, SecurityScopes([Scope.ADMIN]), credentials)
    except UNREACHABLE:
        if not watchers.know(key):
            raise
        return False
    except (BadApiKey, Forbidden):
        watchers.forget(key)
        raise
    watchers.remember(key)
    return True
