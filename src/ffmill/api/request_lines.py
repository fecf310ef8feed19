"""Every request gets an id, which its answer and all its log lines carry; it is counted, and has a log line."""

import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

LOG = structlog.stdlib.get_logger()
QUIET = ("/healthz", "/readyz", "/metrics")
UNMATCHED = "unmatched"  # the route of a path that there is not


class RequestLines:
    """Sends `X-Request-Id` with every answer and logs method, path (no query: it may hold a signature), status, ms.

    `count` is told method, route, status and the seconds until the answer began; status 0 is none: the client hung up.
    """

    def __init__(self, app: ASGIApp, count: Callable[[str, str, int, float], None]) -> None:
        self.app = app
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status, answered = uuid4().hex, time.monotonic(), 0, None

        async def noting(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.monotonic()
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, noting)
            finally:
                ended = time.monotonic()
                self.count(scope["method"], _route(scope), status, (answered or ended) - began)
                _log(scope, status, ended - began)


def _route(scope: Scope) -> str:
    """The template of the path, as `/api/jobs/{job_id}`: paths as sent are without number."""
    return getattr(scope.get("route"), "path", UNMATCHED)


def _log(scope: Scope, status: int, seconds: float) -> None:
    write = LOG.debug if scope["path"] in QUIET and status == 200 else LOG.info
    path = scope.get("raw_path", b"").decode("ascii", "replace")
    write("request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000, 1))
