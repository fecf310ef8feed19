"""A cage: a confined `sh` that waits for one line, made ready before the command is known."""

import asyncio
import math
import resource
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from ffmill.sandbox.cgroups import Groups
from ffmill.sandbox.ended import RSS_UNIT, Ended
from ffmill.sandbox.evidence import Evidence
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.line import line
from ffmill.sandbox.membership import Membership
from ffmill.sandbox.process import Listener, Process, Start
from ffmill.sandbox.watch import Watch
from ffmill.sandbox.workspace import Workspace

Program = Literal["ffmpeg", "ffprobe"]
KILLED = 128 + signal.SIGKILL
CPU_COUNTED = 0.8  # of the time at the kernel's limit, which it counts in ticks, what wait4 tells at least


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """How a command ended, and what it took."""

    code: int  # 128 + n after signal n
    cpu_seconds: float
    peak_memory_bytes: int  # of a command that was gone before it was looked at: no more than this
    wall_seconds: float
    limit: str | None  # the sentence on the limit that ended it


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """How a cage is entered."""

    start: Start  # of its `sh`
    programs: Mapping[Program, str]  # by what names `sh` finds them
    writable: Sequence[Path]  # where the command may write, as it sees that
    count_threads: bool  # whether RLIMIT_NPROC counts the command's threads and nobody else's
    bound_addresses: bool = True  # whether RLIMIT_AS holds the command


class Cage:
    """One cage for one run; a context manager, at whose end everything in it is gone. Made in the loop's thread."""

    def __init__(
        self, door: Door, workspace: Workspace, groups: Groups | None = None, *, may_look: bool = False
    ) -> None:
        self._door = door
        self._workspace = workspace
        self._groups = groups
        self._may_look = may_look  # into what the command has open
        self._watch: Watch | None = None  # over the command, once there is one
        self._begin()

    def _begin(self) -> None:
        self._process = Process(self._door.start)
        self._membership = Membership(self._process, self._groups.group()) if self._groups else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _end(self) -> None:
        try:
            await self._process.close()
        finally:
            if self._membership:
                await self._membership.end()

    @property
    def pid(self) -> int:
        """Of what is at work in the cage, as the host sees it."""
        return self._process.pid

    async def known(self) -> int | None:
        """The same, once it is known; None when it has ended before."""
        return await self._process.known()

    @property
    def has_ended(self) -> bool:
        """Whether nothing is in the cage any more."""
        return self._process.has_ended

    @property
    def cost(self) -> Ended | None:
        """How the command ended and what it cost, if it was cut off too; None as long as it is at work."""
        ended = self._process.ended
        if ended is None or self._watch is None:
            return None
        return ended._replace(peak_memory_bytes=_peak(ended, self._watch) or ended.peak_memory_bytes)

    async def run(
        self,
        argv: Sequence[str],
        limits: Limits,
        *,
        program: Program = "ffmpeg",
        on_progress: Listener = lambda _: None,
        on_stderr: Listener = lambda _: None,
    ) -> Exit:
        """Runs the program with these words in the job's directory; cancelled, it is gone at once.

        `on_progress` gets what ffmpeg writes to `pipe:3`, or ffprobe to its standard output; `on_stderr` all the rest,
        in chunks as they come. Raises ValueError when a word holds a NUL.
        """
        words = line(
            self._door.programs[program],
            argv,
            limits,
            progress=program == "ffmpeg",
            count_threads=self._door.count_threads,
            bound_addresses=self._door.bound_addresses,
        )
        if self._process.has_ended:  # a cage may die while it waits, as when the host runs out of memory
            await self._end()
            self._begin()
        try:
            return await self._run(words, limits, on_progress, on_stderr)
        finally:
            await self._process.close()

    async def _run(self, words: bytes, limits: Limits, on_progress: Listener, on_stderr: Listener) -> Exit:
        began, evidence = time.monotonic(), Evidence()
        watch = self._watch = Watch(
            self._process,
            self._workspace,
            limits,
            membership=self._membership,
            writable=self._door.writable,
            may_look=self._may_look,
        )
        if self._membership:
            self._membership.limit(limits)
        self._process.listen(_each(watch.glance, on_progress), _each(watch.glance, evidence.feed, on_stderr))
        await self._process.send(words)
        breach = await self._see_through(watch)
        ended = await self._process.result()
        wall, peak = time.monotonic() - began, _peak(ended, watch)
        breach = breach or self._held_to(limits, evidence, ended)
        if breach is None and peak > limits.memory_bytes:  # it was quicker than the watch
            breach = limits.memory_sentence()
        return Exit(
            code=ended.code,
            cpu_seconds=ended.cpu_seconds,
            peak_memory_bytes=peak or ended.peak_memory_bytes,
            wall_seconds=wall,
            limit=await self._named(breach or await watch.look_at_disk(), limits),
        )

    def _held_to(self, limits: Limits, evidence: Evidence, ended: Ended) -> str | None:
        """The sentence on the limit to which the kernel has held the command, if it has."""
        grouped = self._membership is not None and self._membership.holds
        killed = self._membership.breach(limits, ended.code) if self._membership else None
        if (
            killed is None
            and ended.code == KILLED
            and ended.cpu_seconds > CPU_COUNTED * (limits.cpu_seconds or math.inf)
        ):
            killed = limits.cpu_sentence()
        return killed or evidence.breach(limits, ended.code, threads_counted=self._door.count_threads or grouped)

    async def _named(self, breach: str | None, limits: Limits) -> str | None:
        """The sentence, with the file that took most where files took too much."""
        if breach not in (limits.file_sentence(), limits.job_sentence()):
            return breach
        largest = await asyncio.to_thread(self._workspace.largest)
        return f'{breach}; the largest file is "{largest}"' if largest else breach

    async def _see_through(self, watch: Watch) -> str | None:
        """Waits for the end; a command that breaks a limit before is killed for that, and the sentence given."""
        looks = [asyncio.ensure_future(look) for look in (watch.process(), watch.holdings())]
        try:
            if await self._process.ended_before(looks):
                return None
            breach = next(look.result() for look in looks if look.done())
            await self._process.kill()
            return breach
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)


def _each(*listeners: Listener) -> Listener:
    def listener(chunk: bytes) -> None:
        for listen in listeners:
            listen(chunk)

    return listener


def _peak(ended: Ended, watch: Watch) -> int:
    """The command's own; 0 when it was gone before it was looked at, and wait4 tells no more than that it is not above
    ours: until its execve the child had our pages."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
    return ended.peak_memory_bytes if ended.peak_memory_bytes > own else watch.peak_memory_bytes
