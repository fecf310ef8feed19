"""The API as one application: its parts, its routes, its errors, its document."""

import asyncio
import socket
from importlib.metadata import version

import uvloop
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from ffmill import tracing
from ffmill.api import document, errors, server
from ffmill.api.parts import Parts, open_parts
from ffmill.api.paths import LoosePaths
from ffmill.api.rates import RateHeaders
from ffmill.api.request_lines import RequestLines
from ffmill.api.routes import (
    accounts,
    admin,
    deliveries,
    events,
    files,
    health,
    job_files,
    jobs,
    keys,
    metrics,
    probe,
    reference,
    secrets,
    usage,
    validate,
)
from ffmill.api.waiting import BLANK_SECONDS
from ffmill.config import Settings
from ffmill.listener import listen

ROUTERS = (
    jobs.router,
    events.router,
    validate.router,
    probe.router,
    files.router,
    job_files.router,
    deliveries.router,
    usage.router,
    health.router,
    keys.router,
    secrets.router,
    accounts.router,
    admin.router,
    metrics.router,
    reference.router,
)


def create_app(parts: Parts, *, blank_seconds: float = BLANK_SECONDS) -> FastAPI:
    """The application over `parts`, which stay the caller's to close; a waiting client gets a blank so often."""
    app = FastAPI(
        title="ffmill",
        version=version("ffmill"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would be built from the Host header
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.parts = parts
    app.state.blank_seconds = blank_seconds
    app.state.routes = [route for router in ROUTERS for route in router.routes]
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    _install_middleware(app, parts)
    document.install(app, parts.settings.effective_public_url)
    return app


def run(settings: Settings) -> None:
    """Serves the API until SIGINT or SIGTERM; raises CannotStart when the address or the database cannot be had."""
    listener = listen(settings.host, settings.port)
    with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    async with tracing.exporting(settings, "api"), open_parts(settings) as parts:
        await server.Server(create_app(parts), parts.stopping).serve([listener])


def _install_middleware(app: FastAPI, parts: Parts) -> None:
    """The last one added is the outermost."""
    if parts.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=parts.settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=[
                *("X-Request-Id", "Retry-After", "Content-Range"),
                *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
            ],
        )
    app.add_middleware(RateHeaders)
    app.add_middleware(RequestLines, count=parts.metrics.request)
    app.add_middleware(LoosePaths)  # it passes on a scope of its own, in which those within see what was routed
