"""Keeps one child process running: starts it again when it dies, stops it within a time."""

import asyncio
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import IO

import structlog

from ffmill.errors import CannotStart

LOG = structlog.stdlib.get_logger()
BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
HEALTHY_SECONDS = 10.0  # after a life this long, a death is no crash loop
KILL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a child runs."""

    name: str
    command: Callable[[], Sequence[str]]  # asked before every start
    environment: Mapping[str, str]
    output: Callable[[], IO[bytes]] | None = None  # where it writes; our own streams when None
    descriptors: tuple[int, ...] = ()  # kept open for it
    endings: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)  # from the kind to the last


@dataclass(kw_only=True)
class Supervised:
    """A child and its lives. `run` ends once `stop` or `kill` was called, and not before.

    `on_death` hears of every end that was not asked for, with the exit status (negative: the signal).
    """

    program: Program
    on_death: Callable[[int], None] = lambda _: None
    started: asyncio.Event = field(default_factory=asyncio.Event)  # set while a process runs
    _process: Process | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _short_lives: int = 0

    @property
    def pid(self) -> int | None:
        """The process of the present life; None between two."""
        return self._process.pid if self._process else None

    async def run(self) -> None:
        """Life after life, until it is stopped. Cancelled, it leaves no process."""
        while not self._stopping.is_set():
            await self.step()

    async def step(self) -> None:
        """One life, and the pause after it."""
        born = monotonic()
        try:
            status = await self.live()
        except (OSError, CannotStart) as error:
            LOG.error("a process cannot be started", child=self.program.name, error=str(error))  # noqa: TRY400
            status = 1
        if not self._stopping.is_set():
            self.on_death(status)
        if not self._stopping.is_set():
            await self._pause(status, self.pause_after(monotonic() - born))

    async def live(self) -> int:
        """One life, to its exit status."""
        self._process = process = await self._spawn()
        self.started.set()
        try:
            if self._stopping.is_set():  # asked for while it was being born
                self._signal(signal.SIGKILL)
            return await process.wait()
        finally:
            if process.returncode is None:  # cancelled
                self._signal(signal.SIGKILL)
                await process.wait()
            self.started.clear()
            self._process = None

    def retire(self) -> None:
        """Lets this life be the last."""
        self._stopping.set()

    async def stop(self, seconds: float) -> None:
        """Ends it: kindly, with `seconds` for that, then less kindly; returns when the process is gone."""
        self.retire()
        for ending in self.program.endings:
            if self._process is None:
                return
            self._signal(ending)
            if await _ends(self._process, seconds):
                return
            LOG.warning("a process did not stop in time", child=self.program.name, seconds=seconds)
            seconds = KILL_SECONDS

    def kill(self) -> None:
        """Ends it at once."""
        self.retire()
        self._signal(signal.SIGKILL)

    async def _spawn(self) -> Process:
        program = self.program
        output = program.output() if program.output else None
        try:
            return await asyncio.create_subprocess_exec(
                *program.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=program.environment,
                pass_fds=program.descriptors,
                start_new_session=True,  # the terminal's Ctrl-C is for us, who stop our children in order
            )
        finally:
            if output:
                output.close()

    def pause_after(self, lived_seconds: float) -> float:
        """Seconds to wait before the life after one that lasted so long; grows from short life to short life."""
        self._short_lives = 0 if lived_seconds > HEALTHY_SECONDS else self._short_lives + 1
        return BACKOFF_SECONDS[min(max(self._short_lives - 1, 0), len(BACKOFF_SECONDS) - 1)]

    async def _pause(self, status: int, seconds: float) -> None:
        LOG.error("a process died and is started again", child=self.program.name, status=status, after_seconds=seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)


async def _ends(process: Process, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        return False
    return True
