"""The body of an upload, bounded in size, in silence and in slowness while it comes."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

from ffmill.config import Settings
from ffmill.errors import Refusal, TooLarge, Unavailable

SILENCE_SECONDS = 60.0
HEAD_START_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Most:
    """How large an upload may be, and the refusal of a larger one."""

    bytes: int
    refusal: Refusal

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Of any upload."""
        most = settings.max_upload_bytes
        return cls(bytes=most, refusal=TooLarge(f"the file is larger than {most} bytes (FFMILL_MAX_UPLOAD_BYTES)"))


def check_announced(request: Request, most: Most) -> None:
    """Raises the refusal when the request says that its body is too large, before any of it is read."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most.bytes:
        raise most.refusal


async def chunks(
    request: Request,
    most: Most,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    head_start_seconds: float = HEAD_START_SECONDS,
) -> AsyncGenerator[bytes]:
    """The body as it comes in.

    Raises the refusal of what is too large; Unavailable when nothing came for `silence_seconds`, or when, beside
    `head_start_seconds`, it was waited for longer than a client of 1 KiB/s takes; ClientDisconnect when it broke off.
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
        if total > most.bytes:
            raise most.refusal
        yield chunk


def _too_slow(silence_seconds: float, patience: float) -> Unavailable:
    if patience < silence_seconds:
        return Unavailable(f"the upload came at less than {LEAST_BYTES_PER_SECOND} bytes a second, and was dropped")
    return Unavailable(f"nothing came for {silence_seconds:g} s; the upload was dropped")
