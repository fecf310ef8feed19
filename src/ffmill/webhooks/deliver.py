"""One attempt to deliver a webhook: a POST, and whether it was taken."""

import asyncio
from dataclasses import dataclass

import aiohttp

from ffmill.net import targets
from ffmill.net.failures import answered, judge

LIMIT_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What became of an attempt."""

    status_code: int | None  # None: there was no answer
    error: str | None  # why it was not delivered; None: it was


async def deliver(
    session: aiohttp.ClientSession, url: str, body: bytes, *, limit_seconds: float = LIMIT_SECONDS
) -> Delivered:
    """POSTs JSON to a URL and gives what was answered within the limit; only a 2xx delivers. Never raises.

    Redirects are not followed, and count as not delivered. The answer's body is not read. The error names neither
    the URL, whose path may be a secret, nor an address.
    """
    try:
        target = targets.parse(url)
    except targets.UnusableUrl as error:
        return Delivered(status_code=None, error=f"the webhook {error}")
    limit = asyncio.timeout(limit_seconds)
    try:
        async with limit:
            status = await _post(session, target, body)
    except (aiohttp.ClientError, TimeoutError) as error:
        late = limit.expired()
        what = f"did not answer within {limit_seconds:g} s" if late else judge(error, session.timeout).what
        return Delivered(status_code=None, error=f"the webhook {what}")
    return Delivered(status_code=status, error=None if 200 <= status < 300 else f"the webhook {answered(status)}")


async def _post(session: aiohttp.ClientSession, target: targets.Target, body: bytes) -> int:
    # closed each time: on a kept connection that the receiver has just dropped, a POST is lost and must not be repeated
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if target.authorization is not None:
        headers["Authorization"] = target.authorization
    async with session.post(target.url, data=body, headers=headers, allow_redirects=False) as response:
        response.close()
        return response.status
