"""Looks after a command at work: what it holds of disk, memory and threads, against its limits."""

import time
from pathlib import Path

from ffmill.sandbox.limits import Limits
from ffmill.sandbox.process import Process
from ffmill.sandbox.usage import Usage, measure
from ffmill.sandbox.workspace import Workspace

PAUSE_SECONDS = 0.2
GLANCE_SECONDS = 0.01
IDLE_SHARE = 20  # a look that takes long is followed by a pause of so many times that


class Watch:
    """Of one command."""

    def __init__(self, process: Process, workspace: Workspace, limits: Limits) -> None:
        self.pause = PAUSE_SECONDS  # before the next look
        self.peak_memory_bytes = 0  # seen so far
        self._process = process
        self._workspace = workspace
        self._limits = limits
        self._glanced = 0.0
        self._inputs: Usage | None = None  # they do not change while a command runs

    def glance(self, _: bytes) -> None:
        """Notes the memory in use; for when the command says something, as it does just before its end."""
        if (now := time.monotonic()) - self._glanced > GLANCE_SECONDS:
            self._glanced = now
            self.look_at_process()

    async def look(self) -> str | None:
        """The sentence on the limit that is broken, if one is."""
        began = time.monotonic()
        breach = self.look_at_process() or await self.look_at_disk()
        self.pause = max(PAUSE_SECONDS, IDLE_SHARE * (time.monotonic() - began))
        return breach

    def look_at_process(self) -> str | None:
        """Memory and threads (proc(5), /proc/PID/status)."""
        status = read_status(self._process.pid)
        self.peak_memory_bytes = max(self.peak_memory_bytes, status.get("VmHWM", 0) << 10)
        if status.get("VmRSS", 0) << 10 > self._limits.memory_bytes:
            return self._limits.memory_sentence()
        if status.get("Threads", 0) > self._limits.threads:
            return self._limits.threads_sentence()
        return None

    async def look_at_disk(self) -> str | None:
        """Bytes and number of files."""
        most = self._limits.files
        if self._inputs is None:
            self._inputs = await measure(self._workspace.inputs, most_files=most)
        written = await measure(self._workspace.work, most_files=most)
        if written.files > most:
            return self._limits.files_sentence()
        if written.bytes + self._inputs.bytes > self._limits.job_bytes:
            return self._limits.job_sentence()
        return None


def read_status(pid: int) -> dict[str, int]:
    """The figures of a process; empty when it is gone, or where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) for name, _, value in fields if name in ("VmHWM", "VmRSS", "Threads")}
