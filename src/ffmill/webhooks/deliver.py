"""One call of a webhook: a POST, redirects followed as far as they may be, and whether it was taken."""

import asyncio
import codecs
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

import aiohttp

from ffmill.net import targets
from ffmill.net.failures import answered, judge
from ffmill.net.targets import Target, UnusableUrl
from ffmill.webhooks.model import Answered

LIMIT_SECONDS = 15.0
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 307, 308})
SEE_OTHER = 303
ANSWER_BYTES = 1024
ANSWER_SECONDS = 2.0  # for the answer's body, once its head is there
_THERE = "what the webhook redirects to"


def site_of(url: str) -> str:
    """Scheme, host and port that a webhook's URL names; empty where it is no URL."""
    try:
        return str(targets.parse(url).url.origin())
    except UnusableUrl:
        return ""


async def deliver(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    limit_seconds: float = LIMIT_SECONDS,
) -> Answered:
    """POSTs JSON to a URL and gives what was answered within the limit; only a 2xx delivers. Never raises.

    Redirects that keep the method are followed, each address checked. Whatever is wrong with the body of an answer does
    not matter. The error names neither a URL, whose path may be a secret, nor an address.
    """
    began = time.monotonic()
    call = _Call(session, body, headers or {})
    error = await call.run(url, limit_seconds)
    return Answered(status_code=call.status, error=error, answer=call.answer, duration_seconds=time.monotonic() - began)


class _Call:
    """The requests of one call."""

    def __init__(self, session: aiohttp.ClientSession, body: bytes, headers: Mapping[str, str]) -> None:
        self._session = session
        self._body = body
        # closed each time: on a kept connection that the receiver has just dropped, a POST is lost and must not be
        # repeated. Of an answer that is compressed all the same, the bytes are taken as they are.
        usual = {"Content-Type": "application/json", "Connection": "close", "Accept-Encoding": "identity"}
        self._headers = {**usual, **headers}
        # how long it may be silent is for the limit of the whole call to say
        usual_limits = session.timeout
        self._timeout = aiohttp.ClientTimeout(connect=usual_limits.connect, sock_connect=usual_limits.sock_connect)
        self._whom = "the webhook"
        self.status: int | None = None  # of the last answer
        self.answer = ""  # the start of its body

    async def run(self, url: str, limit_seconds: float) -> str | None:
        """Why it was not delivered; None: it was."""
        limit = asyncio.timeout(limit_seconds)
        try:
            async with limit:
                return await self._follow(targets.parse(url), limit)
        except UnusableUrl as error:
            return f"the webhook {error}"
        except (aiohttp.ClientError, TimeoutError) as error:
            if limit.expired():
                return f"the webhook did not answer within {limit_seconds:g} s"
            return f"{self._whom} {judge(error, self._timeout).what}"

    async def _follow(self, target: Target, limit: asyncio.Timeout) -> str | None:
        for _ in range(MOST_REDIRECTS + 1):
            self.status = None
            async with self._post(target) as response:
                self.status = response.status
                location = response.headers.get("Location") if response.status in REDIRECTS else None
                if location is None:
                    limit.reschedule(None)  # it has answered
                    self.answer = await _start_of(response)
                    return self._verdict(response.status)
            target = _redirected(target, location)
            self._whom = _THERE
        return f"the webhook redirects more than {MOST_REDIRECTS} times"

    @asynccontextmanager
    async def _post(self, target: Target) -> AsyncGenerator[aiohttp.ClientResponse]:
        headers = dict(self._headers)
        if target.authorization is not None:
            headers["Authorization"] = target.authorization
        async with self._session.post(
            target.url,
            data=self._body,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            auto_decompress=False,
            read_bufsize=ANSWER_BYTES,
        ) as response:
            try:
                yield response
            finally:
                response.close()

    def _verdict(self, status: int) -> str | None:
        if 200 <= status < 300:
            return None
        if status == SEE_OTHER:
            return f"{self._whom} {answered(status)}, which asks for a GET: a webhook is sent by POST alone"
        return f"{self._whom} {answered(status)}{' without a Location' if status in REDIRECTS else ''}"


def _redirected(target: Target, location: str) -> Target:
    """Where a redirect leads. Raises UnusableUrl."""
    try:
        led = target.redirected(location)
    except UnusableUrl as error:
        raise UnusableUrl(f"redirects to what {error}") from error
    if target.url.scheme == "https" and led.url.scheme != "https":
        raise UnusableUrl("redirects from https to http")
    return led


async def _start_of(response: aiohttp.ClientResponse) -> str:
    """The first KiB of an answer's body, or as much of it as comes."""
    content = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(content) < ANSWER_BYTES and (part := await response.content.read(ANSWER_BYTES - len(content))):
                content += part
    text, _ = codecs.utf_8_decode(content, "replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL cannot hold NUL
