"""A doubled slash in a path of the API is one slash, and a slash at its end is none."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

SLASHES = re.compile(r"//+")


class LoosePaths:
    """Makes `//api//jobs/` `/api/jobs`, and `//healthz` `/healthz`; what follows `/files/` is an object's key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and ("//" in path or path.endswith("/")):
            scope = {**scope, "path": _tidy(path)}
        await self.app(scope, receive, send)


def _tidy(path: str) -> str:
    tidy = SLASHES.sub("/", path)
    return tidy.rstrip("/") if tidy.startswith("/api/") else f"/{path.lstrip('/')}"
