"""What an attempt uses, and how long each of its steps takes: filled as it goes on, read when it has ended.

A step is timed and traced in one place.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from ffmill import tracing
from ffmill.jobs.failure import Stage
from ffmill.jobs.model import Job, Usage
from ffmill.sandbox import gpu
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.ended import Ended
from ffmill.tracing import Span
from ffmill.worker.budget import Budget

STAGES = {"fetch": Stage.FETCH, "keep": Stage.KEEP}  # by the name of the step


class Meter:
    """Of one attempt, from its claim on; what was cut off counts too."""

    def __init__(self, job: Job, budget: Budget, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.total_input_bytes: int | None = None  # of all inputs, once they are there
        self.stage = Stage.FETCH  # what the attempt is at
        self._clock = clock
        self._has_gpu = gpu.serves(job.machine)
        self._steps = dict[str, float]()
        self._commands = list[float]()
        self._cpu_seconds = 0.0
        self._peak_memory_bytes = 0
        self._queue_seconds = (job.started_at - job.queued_at).total_seconds() if job.started_at else 0.0

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measures one step by the clock."""
        began = self._clock()
        self.stage = STAGES.get(name, self.stage)
        try:
            with tracing.span(name):
                yield
        finally:
            self._steps[name] = self._clock() - began

    @contextmanager
    def command(self, cage: Cage) -> Generator[None]:
        """Measures one command that the cage runs."""
        began, self.stage = self._clock(), Stage.COMMAND
        with tracing.span("command", index=len(self._commands)) as span:
            try:
                yield
            finally:
                self._commands.append(self._clock() - began)
                if cost := cage.cost:
                    self._take(cost, span)

    def _take(self, cost: Ended, span: Span) -> None:
        self._cpu_seconds += cost.cpu_seconds
        self._peak_memory_bytes = max(self._peak_memory_bytes, cost.peak_memory_bytes)
        span.note(exit_code=cost.code, cpu_seconds=cost.cpu_seconds, peak_memory_bytes=cost.peak_memory_bytes)
        if cost.code != 0:
            span.fail("the command failed")

    def usage(self) -> Usage:
        """So far."""
        ran = sum(self._commands)
        return Usage(
            input_bytes=self.budget.received,
            cpu_seconds=self._cpu_seconds,
            gpu_seconds=ran if self._has_gpu else 0.0,
            run_seconds=ran,
            peak_memory_bytes=self._peak_memory_bytes,
        )

    def timings(self) -> dict[str, float | list[float]]:
        """Seconds of each step so far, to the millisecond."""
        steps = {"queue": self._queue_seconds, **self._steps}
        rounded = {f"{name}_seconds": round(seconds, 3) for name, seconds in steps.items()}
        return {**rounded, "command_seconds": [round(seconds, 3) for seconds in self._commands]}
