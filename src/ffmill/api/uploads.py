"""The body of an upload, bounded in size and in silence while it comes."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request

from ffmill.errors import TooLarge, Unavailable

SILENCE_SECONDS = 60.0


def check_announced(request: Request, limit_bytes: int) -> None:
    """Raises TooLarge when the request says that its body is larger than `limit_bytes`, before any of it is read."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit_bytes:
        raise too_large(limit_bytes)


def too_large(limit_bytes: int) -> TooLarge:
    """The refusal of an upload beyond the limit."""
    return TooLarge(f"the file is larger than {limit_bytes} bytes (FFMILL_MAX_UPLOAD_BYTES)")


async def chunks(
    request: Request, limit_bytes: int, *, silence_seconds: float = SILENCE_SECONDS
) -> AsyncGenerator[bytes]:
    """The body as it comes in.

    Raises TooLarge, Unavailable when nothing came for `silence_seconds`, ClientDisconnect when it broke off.
    """
    body, total = aiter(request.stream()), 0
    while True:
        try:
            async with asyncio.timeout(silence_seconds):
                chunk = await anext(body, None)
        except TimeoutError as error:
            raise Unavailable(f"nothing came for {silence_seconds:g} s; the upload was dropped") from error
        if chunk is None:
            return
        total += len(chunk)
        if total > limit_bytes:
            raise too_large(limit_bytes)
        yield chunk
