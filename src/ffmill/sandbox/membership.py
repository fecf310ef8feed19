"""A process in a control group of its own, into which it is moved while it waits."""

import asyncio
from contextlib import suppress

import structlog

from ffmill.sandbox.cgroups import Group
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.process import Process

LOG = structlog.stdlib.get_logger()


class Membership:
    """Begins as soon as the process's pid is known. A move lasts some milliseconds, so nobody waits for it: a command
    that begins before is held by its rlimits so long."""

    def __init__(self, process: Process, group: Group) -> None:
        self._process = process
        self._group = group
        self._limits: Limits | None = None
        self.holds = False  # whether the process is in the group
        self._joining = asyncio.create_task(self._join())

    def limit(self, limits: Limits) -> None:
        """Holds the process to these limits, from when it is in the group."""
        self._limits = limits
        if self.holds:
            self._apply()

    def breach(self, limits: Limits, code: int = 0) -> str | None:
        """The sentence on the limit to which the kernel has held the process, which ended with this code if it did."""
        return self._group.breach(limits, code) if self.holds else None

    async def end(self) -> None:
        """When the process is gone; cancelled, it does so all the same, and nobody waits for it."""
        self._ending = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        self._joining.cancel()
        await asyncio.wait([self._joining])
        await self._process.gone()
        await asyncio.to_thread(self._group.remove)

    async def _join(self) -> None:
        if (pid := await self._process.known()) is None:
            return
        taking = asyncio.ensure_future(asyncio.to_thread(self._group.take, pid))
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(OSError):
                await taking  # what it makes must be removed after
            raise
        except ProcessLookupError:  # it has ended
            return
        except OSError as error:
            LOG.warning("a command is in no control group", error=str(error))
            return
        self.holds = True
        if self._limits:
            self._apply()

    def _apply(self) -> None:
        assert self._limits is not None  # noqa: S101  # as the callers see to
        try:
            self._group.limit(self._limits)
        except OSError as error:
            LOG.warning("a control group has no limits", error=str(error))
