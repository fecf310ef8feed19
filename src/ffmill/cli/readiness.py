"""Whether the service is ready, as it says itself."""

import asyncio
from time import monotonic

import structlog

LOG = structlog.stdlib.get_logger()
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.05
NEWS_SECONDS = 10.0
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where we ask, not where we listen


async def until_ready(host: str, port: int) -> None:
    """Returns once `/readyz` answers 200; tells the log what it lacks while that takes long."""
    told = monotonic()
    while True:
        status, reason = await _ask(WILDCARDS.get(host, host), port)
        if status == 200:
            return
        if monotonic() - told > NEWS_SECONDS:
            LOG.warning("not ready yet", status=status, reason=reason)
            told = monotonic()
        await asyncio.sleep(PAUSE_SECONDS)


async def _ask(host: str, port: int) -> tuple[int | None, str]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = (await reader.read()).decode(errors="replace")
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return None, repr(error)
    head, _, body = answer.partition("\r\n\r\n")
    words = head.split(maxsplit=2)
    return (int(words[1]) if len(words) > 1 and words[1].isdecimal() else None), body.strip()
