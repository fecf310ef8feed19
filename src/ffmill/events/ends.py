"""The data of `end` events, made once for all streams that tell of a job."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from ffmill.jobs.model import Job

KEPT_SECONDS = 60.0  # the URLs in it live for days
MOST_BYTES = 16 << 20


class Ends:
    """Those made last. A large job's takes a while, and hundreds of streams may tell of its end at once."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[UUID, datetime], tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self._making = asyncio.Lock()

    async def data(self, job: Job, make: Callable[[Job], Awaitable[bytes]]) -> bytes:
        """What `make` gives, now or a little ago."""
        async with self._making:
            self._drop_old()
            key = job.id, job.updated_at
            if key not in self._made:
                data = await make(job)
                self._made[key] = asyncio.get_running_loop().time(), data
                self._bytes += len(data)
            return self._made[key][1]

    def _drop_old(self) -> None:
        oldest = asyncio.get_running_loop().time() - KEPT_SECONDS
        while self._made and (self._bytes > MOST_BYTES or next(iter(self._made.values()))[0] < oldest):
            _, (_, data) = self._made.popitem(last=False)
            self._bytes -= len(data)
