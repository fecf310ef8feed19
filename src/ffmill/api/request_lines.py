"""Every request gets an id, which its answer and all its log lines carry, and one log line at its end."""

import time
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

LOG = structlog.stdlib.get_logger()
QUIET = ("/healthz", "/readyz")


class RequestLines:
    """Sends `X-Request-Id` with every answer and logs method, path (no query: it may hold a signature), status, ms."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status = uuid4().hex, time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, noting)
            finally:
                _log(scope, status, time.monotonic() - began)


def _log(scope: Scope, status: int, seconds: float) -> None:
    write = LOG.debug if scope["path"] in QUIET and status == 200 else LOG.info
    path = scope.get("raw_path", b"").decode("ascii", "replace")
    write("request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000, 1))
