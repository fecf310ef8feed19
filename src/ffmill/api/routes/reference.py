"""The reference: for programs, for readers, and the way to it."""

from importlib.resources import files

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ffmill.api import reference_page
from ffmill.api.answers import JsonAnswer
from ffmill.api.rates import count_stranger

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(count_stranger)])


@router.get("/")
async def home() -> Response:
    """Whoever comes without a path wants to read."""
    return RedirectResponse("/api/docs")


@router.get("/api/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return JsonAnswer(request.app.openapi())


@router.get("/api/docs")
async def page(request: Request) -> Response:
    """The page."""
    return HTMLResponse(reference_page.page(request.app.openapi()), headers=HEADERS)


@router.get("/api/docs/style.css")
async def style() -> Response:
    """How the page looks."""
    return Response(files("ffmill.api").joinpath("reference.css").read_bytes(), media_type="text/css", headers=HEADERS)
