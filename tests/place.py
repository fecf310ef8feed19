"""Where a process of a test runs: on this machine's loopback, or on a host made for the test."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A host: its address, and what goes before a command line to run it there."""

    address: str
    enter: tuple[str, ...] = ()

    def command(self, program: Sequence[str]) -> list[str]:
        """The argument list that runs `program` there."""
        return [*self.enter, *program]


LOOPBACK = Place(address="127.0.0.1")
