"""Fetches an input over HTTP: streamed to disk, bounded, and taken up again where a connection broke off."""

import asyncio
import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import structlog

from ffmill.errors import FailureCode, InputFailed
from ffmill.net import targets
from ffmill.net.failures import UNREADABLE, answered, judge
from ffmill.net.targets import Target
from ffmill.worker.budget import Budget, TooMuch
from ffmill.worker.partial import Misplaced, PartialFile

LOG = structlog.stdlib.get_logger()

PAUSES = (0.25, 1.0, 3.0)  # seconds before the second, third and fourth try
LONGEST_PAUSE = 30.0  # however long a server's Retry-After asks for
MOST_REDIRECTS = 5
BUFFER_BYTES = 1 << 20  # read ahead of the disk; also the size of a write when the network is faster
FRESH_BYTES = 1 << 20  # a try that brought so much that was new counts as none
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CODINGS = frozenset({"", "identity", "gzip", "deflate"})  # those that aiohttp decodes without further packages

Pause = Callable[[float], Awaitable[None]]


class _Interrupted(Exception):
    """A try failed in a way that the next one may not; the text goes to the client after the last."""

    def __init__(self, what: str, pause: float = 0) -> None:
        super().__init__(what)
        self.pause = pause  # seconds that the server asks for


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    path: Path,
    *,
    limit_bytes: int,
    budget: Budget,
    pause: Pause = asyncio.sleep,
) -> int:
    """Fetches `url` into a new file at `path`; returns its bytes, which are charged to the budget.

    Raises InputFailed, whose message says why in a sentence without passwords, query or resolved addresses; nothing
    is left at `path` then. `pause` waits for so many seconds between tries.
    """
    try:
        target = targets.parse(url)
    except targets.UnusableUrl as error:
        raise InputFailed(f"its URL {error}") from error
    with _new_file(path) as descriptor:
        return await _Download(session, target, PartialFile(descriptor, limit_bytes, budget), pause).run()


@contextmanager
def _new_file(path: Path) -> Generator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


class _Download:
    """The tries for one file."""

    def __init__(self, session: aiohttp.ClientSession, target: Target, file: PartialFile, pause: Pause) -> None:
        self._session = session
        self._target = target
        self._hop = target  # where the redirects have led
        self._file = file
        self._pause = pause

    async def run(self) -> int:
        failed, furthest = 0, 0
        while True:
            try:
                await self._try()
            except _Interrupted as error:
                if self._file.size > furthest + FRESH_BYTES:
                    failed, furthest = 0, self._file.size
                if failed == len(PAUSES):
                    raise self._failed(f"{error}, in {failed + 1} tries") from error
                await self._wait(error, PAUSES[failed])
                failed += 1
            else:
                return self._file.size

    async def _wait(self, error: _Interrupted, seconds: float) -> None:
        LOG.info("an input is tried again", url=self._target.shown, why=str(error), kept_bytes=self._file.size)
        # jitter: inputs that broke off together do not come back together
        await self._pause(max(seconds * random.uniform(0.5, 1.5), error.pause))  # noqa: S311

    async def _try(self) -> None:
        try:
            async with self._answer() as answer:
                self._check(answer)
                self._file.begin(answer)
                async for chunk in answer.content.iter_any():
                    await self._file.write(chunk)
                self._file.end()
        except Misplaced as error:
            raise _Interrupted(str(error)) from error
        except TooMuch as error:
            raise self._failed(str(error), FailureCode.INPUT_TOO_LARGE) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            failure = judge(error, self._session.timeout)
            if failure.passing:
                raise _Interrupted(failure.what) from error
            raise self._failed(failure.what) from error
        except OSError as error:
            raise self._failed(
                f"could not be written to the worker's disk: {error.strerror}", FailureCode.WORKER_FAULT
            ) from error

    @asynccontextmanager
    async def _answer(self) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The first answer that is no redirect; aiohttp follows none itself, so that each target is read by us."""
        self._hop = self._target
        for _ in range(MOST_REDIRECTS + 1):
            async with self._get() as answer:
                if answer.status not in REDIRECTS:
                    yield answer
                    return
                location = answer.headers.get("Location")
                if location is None:
                    raise self._failed(f"{answered(answer.status)} without a Location")
            try:
                self._hop = self._hop.redirected(location)
            except targets.UnusableUrl as error:
                raise self._failed(f"redirects to what {error}") from error
        self._hop = self._target
        raise self._failed(f"redirects more than {MOST_REDIRECTS} times")

    def _get(self) -> "aiohttp.client._RequestContextManager":  # pyright: ignore[reportPrivateUsage]  # has no public name
        headers = {"Accept-Encoding": "identity", **self._file.request_headers()}
        if self._hop.authorization is not None:
            headers["Authorization"] = self._hop.authorization
        return self._session.get(self._hop.url, headers=headers, allow_redirects=False, read_bufsize=BUFFER_BYTES)

    def _check(self, answer: aiohttp.ClientResponse) -> None:
        """Raises unless the answer brings the file, or a part of it."""
        status = answer.status
        if status == 416 and self._file.size:
            self._file.restart()
            raise _Interrupted(answered(status))
        if status in (408, 425, 429) or status >= 500:
            raise _Interrupted(answered(status), _retry_after(answer))
        if status not in (200, 203, 206):
            raise self._failed(answered(status))
        coding = answer.headers.get("Content-Encoding", "").strip().lower()
        if coding not in CODINGS:
            raise self._failed(UNREADABLE)

    def _failed(self, what: str, code: FailureCode | None = None) -> InputFailed:
        if self._hop is self._target:
            return InputFailed(f"{self._target.shown} {what}", code)
        return InputFailed(f"{self._target.shown} redirects to {self._hop.site}, which {what}", code)


def _retry_after(answer: aiohttp.ClientResponse) -> float:
    """Seconds that the server asks to wait for (RFC 9110, section 10.2.3; its form as a date is not read)."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 0
