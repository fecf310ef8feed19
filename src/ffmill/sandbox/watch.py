"""Looks after a command at work: what it holds of disk, memory and threads, against its limits."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from ffmill.sandbox.limits import Limits
from ffmill.sandbox.membership import Membership
from ffmill.sandbox.process import Process
from ffmill.sandbox.usage import Held, Usage, measure, measure_held, read_status
from ffmill.sandbox.workspace import Workspace

PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 1.0
GLANCE_SECONDS = 0.01
IDLE_SHARE = 20  # a count that takes long is followed by a pause of so many times that, within reason


class Watch:
    """Of one command."""

    def __init__(
        self,
        process: Process,
        workspace: Workspace,
        limits: Limits,
        *,
        membership: Membership | None,
        writable: Sequence[Path],
        may_look: bool,
    ) -> None:
        self.peak_memory_bytes = 0  # seen so far
        self._process = process
        self._workspace = workspace
        self._limits = limits
        self._membership = membership
        self._writable = writable  # where the process may write, as it sees that
        self._may_look = may_look  # into such processes, unless one has hidden itself
        self._glanced = 0.0
        self._inputs: Usage | None = None  # they do not change while a command runs

    def glance(self, _: bytes) -> None:
        """Notes the memory in use; for when the command says something, as it does just before its end."""
        if (now := time.monotonic()) - self._glanced > GLANCE_SECONDS:
            self._glanced = now
            self.look_at_process()

    async def process(self) -> str:
        """The sentence on memory or threads, once that limit is broken.

        Of several processes in a group the kernel kills one, and the others may wait for it for ever.
        """
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            killed = self._membership.breach(self._limits) if self._membership else None
            if breach := killed or self.look_at_process():
                return breach

    async def holdings(self) -> str:
        """The sentence on files, or on the memory of several processes, once that limit is broken.

        On its own: to count a hundred thousand files takes long, and memory is filled fast.
        """
        pause = PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            if breach := await self._look_at_holdings():
                return breach
            pause = pause_after(time.monotonic() - began)

    def look_at_process(self) -> str | None:
        """Memory and threads (proc(5), /proc/PID/status)."""
        status = read_status(self._process.pid)
        self.peak_memory_bytes = max(self.peak_memory_bytes, status.get("VmHWM", 0) << 10)
        if status.get("VmRSS", 0) << 10 > self._limits.memory_bytes:
            return self._limits.memory_sentence()
        if status.get("Threads", 0) > self._limits.threads:
            return self._limits.threads_sentence()
        return None

    async def look_at_disk(self, held: Held | None = None) -> str | None:
        """Bytes and number of files, those included that are `held` without a name."""
        most = self._limits.files
        if self._inputs is None:
            self._inputs = await measure(self._workspace.inputs, most_files=most)
        written = await measure(self._workspace.work, self._workspace.tmp, most_files=most)
        if written.hidden or (held and held.hidden and self._may_look):
            return self._limits.hidden_sentence()
        if written.files > most:
            return self._limits.files_sentence()
        unlinked = held.unlinked_bytes if held else 0
        if written.bytes + unlinked + self._inputs.bytes > self._limits.job_bytes:
            return self._limits.job_sentence()
        return None

    async def _look_at_holdings(self) -> str | None:
        held = await measure_held(self._process.pid, self._writable)
        if held.memory_bytes > self._limits.memory_bytes:
            return self._limits.memory_sentence()
        return await self.look_at_disk(held)


def pause_after(seconds: float) -> float:
    """Before the next count, after one that took so long."""
    return min(max(PAUSE_SECONDS, IDLE_SHARE * seconds), LONGEST_PAUSE_SECONDS)
