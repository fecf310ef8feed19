"""A file as an answer: whole or a range, streamed from the store, and harmless in a browser."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ffmill.api import ranges
from ffmill.api.answers import JsonAnswer
from ffmill.errors import NotFound
from ffmill.store.failures import NO_SUCH_OBJECT
from ffmill.store.media_types import content_disposition
from ffmill.store.objects import Stat, Store

REDIRECT_SECONDS = 3600

HARMLESS = {  # whatever a job wrote, a browser never runs it as a page of ours
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private",  # a cache for many would go on after the URL has expired
}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """What is to be sent, and as what."""

    key: str  # of the object
    name: str  # for the client's disk
    media_type: str


async def answer(request: Request, store: Store, file: File, *, redirect: bool) -> Response:
    """The answer to GET or HEAD, with `redirect` from the store itself where it can; raises NotFound."""
    if redirect and request.method == "GET" and (url := await store.presign(file.key, REDIRECT_SECONDS)):
        return RedirectResponse(url, 302, {"Cache-Control": "no-store"})
    stat = await store.stat(file.key)
    if stat is None:
        raise NotFound(NO_SUCH_OBJECT)
    if ranges.unchanged(request.headers, stat):
        return Response(None, 304, {**ranges.validators(stat), **HARMLESS})
    if request.method == "HEAD":  # ranges are for GET alone: RFC 9110, section 14.2
        return Response(None, 200, {**_headers(file, stat), "Content-Length": str(stat.bytes)})
    return _body(request, store, file, stat)


def _body(request: Request, store: Store, file: File, stat: Stat) -> Response:
    headers = _headers(file, stat)
    try:
        wanted = ranges.wanted(request.headers, stat)
    except ranges.Unsatisfiable:
        body = {"errorCode": "badRequest", "message": f"the range lies beyond the end of the file, {stat.bytes} bytes"}
        return JsonAnswer(body, 416, {"Content-Range": f"bytes */{stat.bytes}"})
    start, end = wanted or (0, stat.bytes)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{stat.bytes}"
    headers["Content-Length"] = str(end - start)
    opening = store.open(file.key, start, end) if wanted else store.open(file.key)
    return Download(opening, 206 if wanted else 200, headers)


def _headers(file: File, stat: Stat) -> dict[str, str]:
    return {
        "Content-Type": file.media_type,
        "Content-Disposition": content_disposition(file.name, file.media_type),
        "Accept-Ranges": "bytes",
        **ranges.validators(stat),
        **HARMLESS,
    }


class Download(StreamingResponse):
    """Bytes of an object, read no faster than the client takes them; the object is opened before the answer begins."""

    def __init__(
        self, opening: AbstractAsyncContextManager[AsyncIterator[bytes]], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__((), status, headers)
        self._opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the bytes."""
        async with self._opening as self.body_iterator:
            await super().__call__(scope, receive, send)
