"""A gate at which the children wait, their imports done, until the database is set up: it saves a second."""

import os

VARIABLE = "FFMILL_GATE"


class Gate:
    """A pipe: whoever reads it waits until its only writer is closed."""

    def __init__(self) -> None:
        self.entrance, self._bolt = os.pipe()
        self._shut = True

    def open(self) -> None:
        """Lets everybody through, now and later."""
        if self._shut:
            os.close(self._bolt)
        self._shut = False


def pass_through() -> None:
    """Waits at the gate of `ffmill serve`, where there is one."""
    if descriptor := os.environ.get(VARIABLE):
        os.read(int(descriptor), 1)
