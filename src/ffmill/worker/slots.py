"""The slots of a worker: each with a workspace and a cage made ready before the job is known."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

import structlog

from ffmill.errors import FfmillError
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace

LOG = structlog.stdlib.get_logger()


class Slot:
    """A place for one job at a time; what it made ready serves one attempt, then it is renewed."""

    def __init__(self, sandbox: Sandbox, index: int) -> None:
        self.index = index
        self._sandbox = sandbox
        self._stack = AsyncExitStack()
        self._ready: tuple[Workspace, Cage] | None = None

    async def ready(self) -> tuple[Workspace, Cage]:
        """The slot's workspace and its first cage, made now where they were not made before."""
        if self._ready is None:
            workspace = await self._stack.enter_async_context(self._sandbox.workspace(self.index))
            cage = await self._stack.enter_async_context(self._sandbox.cage(workspace))
            self._ready = workspace, cage
        return self._ready

    async def settle(self) -> None:
        """Waits until the cage has a process, so that a thousand are not asked for at once."""
        if self._ready:
            await self._ready[1].known()

    async def close(self) -> None:
        """Ends the cage and removes the workspace with all that is in it."""
        stack, self._stack, self._ready = self._stack, AsyncExitStack(), None
        await stack.aclose()

    async def renew(self) -> None:
        """Throws the used workspace away and makes the next; when that fails, the next job tries again."""
        await self.close()
        try:
            await self.ready()
        except (OSError, FfmillError) as error:
            LOG.warning("a slot could not be made ready", slot=self.index, error=str(error))
            await self.close()


class Slots:
    """All slots of a worker; as many as the engine runs tickets at once."""

    def __init__(self, sandbox: Sandbox, count: int) -> None:
        self._free = [Slot(sandbox, index) for index in range(count)]

    async def __aenter__(self) -> Self:
        for slot in self._free:
            await slot.renew()
            await slot.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        for slot in self._free:
            await slot.close()

    @asynccontextmanager
    async def take(self) -> AsyncGenerator[Slot]:
        """A free slot for one attempt, renewed afterwards."""
        slot = self._free.pop()
        tidy = slot.renew
        try:
            yield slot
        except asyncio.CancelledError:
            tidy = slot.close  # perhaps because we stop: what is made ready now would be for nothing
            raise
        finally:
            try:
                await tidy()
            finally:
                self._free.append(slot)
