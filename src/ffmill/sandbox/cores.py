"""The cores of a slot. FFmpeg and its encoders start threads by the cores that they may use, unless they are told."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

import structlog

from ffmill.config import Settings

LOG = structlog.stdlib.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cores:
    """How the cores of a worker are dealt out to its slots."""

    usable: tuple[int, ...] = ()  # the worker's, by the kernel's numbers
    each: int | None = None  # how many a slot gets; None for all

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the operator set; all for each, with a line in the log, where cores cannot be given."""
        if settings.threads is None:
            return cls()
        try:
            usable = os.sched_getaffinity(0)
            os.sched_setaffinity(0, usable)
        except (AttributeError, OSError) as error:  # macOS has neither; a container may forbid it
            LOG.warning("FFMILL_THREADS is ignored: cores cannot be given out here", error=str(error))
            return cls()
        return cls(usable=tuple(sorted(usable)), each=settings.threads)

    def of_slot(self, slot: int) -> frozenset[int] | None:
        """A slot's cores, those after its neighbour's, round and round; None for all."""
        count = len(self.usable)
        if self.each is None or self.each >= count:
            return None
        return frozenset(self.usable[at % count] for at in range(slot * self.each, (slot + 1) * self.each))


@contextmanager
def pinned_to(cores: frozenset[int] | None) -> Generator[None]:
    """Programs started inside run on these cores alone, and so does all that they start; None changes nothing.

    In Linux the cores are a thread's own, and what it starts inherits them (sched_setaffinity(2)): so the program has
    no other from its first instruction, whoever's it is. Nothing else may happen inside, an await least of all.
    """
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    with suppress(OSError):  # they have all been taken from us since
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)
