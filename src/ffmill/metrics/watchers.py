"""Whose key was an administrator's lately: who watches the service is told something when its database is away, too."""

import time
from collections import OrderedDict
from collections.abc import Callable

from ffmill.accounts import keys

REMEMBERED_SECONDS = 3600.0
MOST = 16


class Watchers:
    """Keys that have read the metrics lately, by their hashes."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = OrderedDict[bytes, float]()

    def remember(self, key: str) -> None:
        """This key is an administrator's now."""
        digest = keys.digest(key)
        self._seen[digest] = self._clock()
        self._seen.move_to_end(digest)
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """It is none any more."""
        self._seen.pop(keys.digest(key), None)

    def know(self, key: str) -> bool:
        """Whether it was one within the last hour, as far as this process was told."""
        seen = self._seen.get(keys.digest(key))
        return seen is not None and self._clock() - seen < REMEMBERED_SECONDS
