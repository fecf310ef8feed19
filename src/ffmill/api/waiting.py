"""Wait mode: an answer that begins at once, keeps its connection alive with blanks, and ends with the job."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ffmill.accounts.model import Account
from ffmill.api.answers import json_bytes
from ffmill.api.parts import Parts
from ffmill.db.pool import UNREACHABLE
from ffmill.errors import Refusal
from ffmill.jobs.model import Job

LOG = structlog.stdlib.get_logger()
BLANK_SECONDS = 5.0
BLANK = b" "  # RFC 8259, section 2: white space may stand before a value


class WaitAnswer(Response):
    """Answers with the job once it has ended. A client that hangs up changes nothing.

    When the job's end cannot be known any more, or the server stops, the connection is closed without its last
    chunk: the client sees a broken answer, not a wrong one.
    """

    def __init__(self, parts: Parts, account: Account, job: Job, *, blank_seconds: float = BLANK_SECONDS) -> None:
        super().__init__(media_type="application/json", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._account = account
        self._job = job
        self._blank_seconds = blank_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer; one that is cut off lacks its last message."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if job := await self._ended(receive, send):
            await send({"type": "http.response.body", "body": json_bytes({"data": await self._parts.view(job)})})

    async def _ended(self, receive: Receive, send: Send) -> Job | None:
        """Sends blanks until the job has ended; None when that will not be known here."""
        wait = self._parts.jobs.wait(self._account, self._job.id)
        async with race(wait, self._parts.stopping.wait(), hung_up(receive)) as (end, *others):
            while not (done := await first([end, *others], self._blank_seconds)):
                await send({"type": "http.response.body", "body": BLANK, "more_body": True})
            return self._known(end) if end in done else None

    def _known(self, end: asyncio.Task[Job]) -> Job | None:
        try:
            return end.result()
        except (Refusal, *UNREACHABLE) as error:
            LOG.warning("lost sight of a job that a client waits for", job=str(self._job.id), error=str(error))
            return None


async def hung_up(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first(tasks: Sequence[asyncio.Task[Any]], seconds: float) -> set[asyncio.Task[Any]]:
    """Those of the tasks that are done, once one is; none when `seconds` pass before."""
    return (await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED))[0]


@asynccontextmanager
async def race(*runners: Coroutine[Any, Any, Any]) -> AsyncGenerator[list[asyncio.Task[Any]]]:
    """Runs all of them; those that are still under way at the end are cancelled."""
    tasks = [asyncio.create_task(runner) for runner in runners]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
