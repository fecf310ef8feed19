"""What an attempt uses and how long its steps take, by a clock that the test winds."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ffmill.jobs.model import Job, Usage
from ffmill.sandbox.ended import Ended
from ffmill.worker.budget import Budget
from ffmill.worker.meter import Meter
from tests.running import job

MIB = 1 << 20


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def fail_after(self, seconds: float, error: BaseException) -> None:
        self.seconds += seconds
        raise error


@dataclass(frozen=True)
class Spent:
    """A cage whose command has ended so; None: it is at work, or never began."""

    cost: Ended | None


def ended(cpu_seconds: float, *, code: int = 0, peak: int = MIB) -> Any:
    return Spent(Ended(code=code, cpu_seconds=cpu_seconds, peak_memory_bytes=peak))


def metered(clock: Clock, of: Job | None = None) -> Meter:
    return Meter(of or job(), Budget(1 << 30), clock=clock)


def test_a_step_takes_what_the_clock_says_and_so_does_one_that_fails() -> None:
    clock = Clock()
    meter = metered(clock)
    with meter.step("fetch"):
        clock.seconds += 1.25
    with pytest.raises(ValueError, match="no room"), meter.step("keep"):
        clock.fail_after(0.5, ValueError("no room"))
    assert meter.timings() == {"queue_seconds": 0, "fetch_seconds": 1.25, "keep_seconds": 0.5, "command_seconds": []}


def test_a_step_that_was_not_reached_is_absent() -> None:
    assert metered(Clock()).timings() == {"queue_seconds": 0, "command_seconds": []}


def test_the_wait_in_the_queue_is_that_before_this_attempt() -> None:
    waited = job()
    assert waited.started_at is not None
    waited = replace(waited, queued_at=waited.started_at - timedelta(seconds=61.2345))
    assert metered(Clock(), waited).timings()["queue_seconds"] == 61.234


def test_the_time_of_each_command_is_kept_and_their_cost_summed() -> None:
    clock = Clock()
    meter = metered(clock)
    for seconds, cage in ((2.0, ended(3.5, peak=7 * MIB)), (0.5, ended(0.25, peak=3 * MIB))):
        with meter.command(cage):
            clock.seconds += seconds
    clock.seconds += 0.1
    assert meter.timings()["command_seconds"] == [2.0, 0.5]
    used = meter.usage()
    assert (used.run_seconds, used.cpu_seconds, used.gpu_seconds) == (2.5, 3.75, 0)
    assert used.peak_memory_bytes == 7 * MIB


def test_a_command_that_fails_or_is_cut_off_costs_what_it_took() -> None:
    clock = Clock()
    meter = metered(clock)
    with pytest.raises(asyncio.CancelledError), meter.command(ended(4.0, code=137)):
        clock.fail_after(5, asyncio.CancelledError())
    assert (meter.usage().run_seconds, meter.usage().cpu_seconds) == (5, 4.0)


def test_a_command_that_never_began_costs_nothing() -> None:
    meter = metered(Clock())
    never: Any = Spent(None)
    with pytest.raises(ValueError, match="NUL"), meter.command(never):
        raise ValueError("NUL")
    assert meter.usage() == Usage()


def test_the_commands_of_a_machine_with_a_gpu_had_it_while_they_ran() -> None:
    clock = Clock()
    meter = metered(clock, replace(job(), machine="nvidia"))
    with meter.step("fetch"):
        clock.seconds += 9
    with meter.command(ended(1.0)):
        clock.seconds += 2
    assert meter.usage().gpu_seconds == 2


def test_what_was_received_is_used_though_the_inputs_never_were_complete() -> None:
    budget = Budget(1 << 30)
    meter = Meter(job(), budget)
    budget.received += 17
    assert (meter.usage().input_bytes, meter.total_input_bytes) == (17, None)
