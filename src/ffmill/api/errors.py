"""Refusals and failures as answers: the one place where an error becomes a status and a body."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ffmill.api.answers import JsonAnswer
from ffmill.db.pool import UNREACHABLE
from ffmill.errors import BadRequest, MethodNotAllowed, NotFound, Refusal, TooLarge, Unavailable, ValidationError

LOG = structlog.stdlib.get_logger()

# After 413 and 503 an unread body may still be on its way: the connection carries nothing more.
HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    413: {"Connection": "close"},
    503: {"Connection": "close", "Retry-After": "1"},
}
UNKNOWN_ERROR = "something went wrong on our side; the log has it under the X-Request-Id of this answer"


def answer(
    refusal: Refusal, headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None
) -> Response:
    """The answer to a refused request, with `more` in its body."""
    body = {"errorCode": refusal.code, "message": refusal.message, **(more or {})}
    return JsonAnswer(body, refusal.status, {**HEADERS.get(refusal.status, {}), **(headers or {})})


def install(app: FastAPI) -> None:
    """Gives every error its answer."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _refused_by_framework)
    app.add_exception_handler(RequestValidationError, _wrong_shape)
    app.add_exception_handler(ClientDisconnect, _gone)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _unreachable)
    app.add_middleware(UnknownErrors)


class UnknownErrors:
    """Answers 500 to what nobody else answers, and logs it; a started answer is cut off."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception:
            LOG.exception("a request failed")
            if not started:
                body = {"errorCode": "unknownError", "message": UNKNOWN_ERROR}
                await JsonAnswer(body, 500, {"Connection": "close"})(scope, receive, send)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    if error.__cause__ is not None and error.status >= 500:
        LOG.warning("refused", error=error.message, cause=repr(error.__cause__))
    return answer(error)


async def _refused_by_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    method, path = request.method, request.url.path
    match error.status_code:
        case 404:
            refusal: Refusal = NotFound(f"there is no {path}; the reference is at /api/docs")
        case 405:
            allowed = ", ".join(_methods(request))
            return answer(MethodNotAllowed(f"{path} takes {allowed}, not {method}"), {"Allow": allowed})
        case 413:
            refusal = TooLarge(error.detail)
        case _:
            refusal = BadRequest(error.detail)
    return answer(refusal, error.headers)


def _methods(request: Request) -> list[str]:
    """All that a path takes; the framework names those of the first route alone (RFC 9110, section 15.5.6)."""
    routes: list[Route] = [
        route for route in request.app.state.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    return sorted({method for route in routes for method in route.methods or ()})


async def _wrong_shape(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    problems = (f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
    return answer(ValidationError("; ".join(problems)))


async def _gone(_: Request, error: Exception) -> Response:
    """Nobody reads this answer: the client hung up while it sent its body."""
    return answer(BadRequest("the body broke off"))


async def _unreachable(_: Request, error: Exception) -> Response:
    LOG.warning("the database cannot be reached", error=str(error).strip())
    return answer(Unavailable("the database cannot be reached; try again"))
