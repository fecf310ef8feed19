"""The body of an upload, bounded in size, in silence and in slowness while it comes."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request

from ffmill.errors import TooLarge, Unavailable

SILENCE_SECONDS = 60.0
HEAD_START_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 1024


def check_announced(request: Request, limit_bytes: int) -> None:
    """Raises TooLarge when the request says that its body is larger than `limit_bytes`, before any of it is read."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit_bytes:
        raise too_large(limit_bytes)


def too_large(limit_bytes: int) -> TooLarge:
    """The refusal of an upload beyond the limit."""
    return TooLarge(
        f"the file is larger than {limit_bytes} bytes (FFMILL_MAX_UPLOAD_BYTES, or what the account may still store)"
    )


async def chunks(
    request: Request,
    limit_bytes: int,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    head_start_seconds: float = HEAD_START_SECONDS,
) -> AsyncGenerator[bytes]:
    """The body as it comes in.

    Raises TooLarge; Unavailable when nothing came for `silence_seconds`, or when, beside `head_start_seconds`, it was
    waited for longer than a client of 1 KiB/s takes; ClientDisconnect when it broke off.
    """
    loop, body = asyncio.get_running_loop(), aiter(request.stream())
    total, waited = 0, 0.0  # waited for the client alone: a slow store is not its fault
    while True:
        patience = head_start_seconds + total / LEAST_BYTES_PER_SECOND - waited
        began = loop.time()
        try:
            async with asyncio.timeout(min(silence_seconds, patience)):
                chunk = await anext(body, None)
        except TimeoutError as error:
            raise _too_slow(silence_seconds, patience) from error
        waited += loop.time() - began
        if chunk is None:
            return
        total += len(chunk)
        if total > limit_bytes:
            raise too_large(limit_bytes)
        yield chunk


def _too_slow(silence_seconds: float, patience: float) -> Unavailable:
    if patience < silence_seconds:
        return Unavailable(f"the upload came at less than {LEAST_BYTES_PER_SECOND} bytes a second, and was dropped")
    return Unavailable(f"nothing came for {silence_seconds:g} s; the upload was dropped")
