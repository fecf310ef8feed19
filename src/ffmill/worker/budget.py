"""How many bytes the inputs of one attempt may take on disk, all together, while they arrive."""

from ffmill.sandbox.limits import human

LIMIT = "FFMILL_MAX_INPUT_BYTES, or the account's own limit"  # of a single input


class TooMuch(Exception):
    """More arrives than there may be; the text completes a sentence about the input."""


class Budget:
    """Charged before anything is written: no number of inputs brings more to the disk than one may."""

    def __init__(self, most_bytes: int) -> None:
        self.received = 0  # bytes that arrived, those that were given back too
        self._most_bytes = most_bytes
        self._taken = 0

    def check(self, size: int) -> None:
        """Raises TooMuch when so many bytes more would be too many."""
        if self._taken + size > self._most_bytes:
            raise TooMuch(f"brings the job's inputs beyond {human(self._most_bytes)} (FFMILL_MAX_JOB_BYTES)")

    def take(self, size: int) -> None:
        """Charges so many bytes, or raises TooMuch."""
        self.check(size)
        self._taken += size

    def give_back(self, size: int) -> None:
        """For bytes that are not there any more."""
        self._taken -= size
