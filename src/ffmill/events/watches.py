"""What single streams look at: a job, or an account, as the feed saw it last."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ffmill.events.seen import Seen

BATCHES = 8  # of jobs that ended, kept for streams that are late; who is later reads them in the database
KEPT_LOOKS = 20  # for so many looks
REMEMBERED = 20_000  # jobs of an account that ended lately, of which word may come twice


class Watch:
    """One stream's."""

    def __init__(self, account_id: UUID, key_id: UUID | None, *, with_log: bool) -> None:
        self.account_id = account_id
        self.key_id = key_id  # with which it was asked for
        self.with_log = with_log
        self.changed = asyncio.Event()  # set when there may be something new
        self.closed = False  # set when there will be nothing more

    def close(self) -> None:
        """Ends the stream."""
        self.closed = True
        self.changed.set()


class JobWatch(Watch):
    """A job's."""

    seen: Seen | None = None  # nothing before the feed's first look

    def __init__(self, account_id: UUID, key_id: UUID | None, *, with_log: bool, ready: bool) -> None:
        super().__init__(account_id, key_id, with_log=with_log)
        self.ready = ready  # set when a look has begun after it came

    def see(self, seen: Seen) -> None:
        """Takes what the job is now."""
        self.seen = seen
        self.changed.set()


class Channel:
    """What all streams of an account look at."""

    def __init__(self) -> None:
        self.watches = set[Watch]()
        self.clock: datetime | None = None  # of the database: what ended before has been seen
        self.live: dict[UUID, Seen] = {}  # at work, or created lately
        self.gaps = 0  # in what was heard of jobs that ended
        self.number = 0  # of the last batch
        self._looks = 0
        self._batches: deque[tuple[int, tuple[Seen, ...]]] = deque(maxlen=BATCHES)  # with the look that saw them
        self._ended: dict[UUID, None] = {}

    @property
    def with_log(self) -> bool:
        """Whether a stream wants the logs of all jobs."""
        return any(watch.with_log for watch in self.watches)

    def look(self, live: dict[UUID, Seen], ended: Iterable[Seen], clock: datetime | None) -> None:
        """Takes what the account's jobs are now; without a clock, some that have ended were not read yet."""
        batch = tuple(seen for seen in ended if seen.id not in self._ended)
        changed = bool(batch) or live != self.live
        self.live, self.clock = live, clock or self.clock
        self._looks += 1
        while self._batches and self._batches[0][0] < self._looks - KEPT_LOOKS:
            self._batches.popleft()
        if batch:
            self._batches.append((self._looks, batch))
            self.number += 1
            self._remember(batch)
        if changed:
            self.wake()

    def since(self, number: int) -> list[Seen] | None:
        """Those that ended after a batch, in their order; None when that is too long ago."""
        missed = self.number - number
        if missed > len(self._batches):
            return None
        return [seen for _, batch in list(self._batches)[len(self._batches) - missed :] for seen in batch]

    def miss(self) -> None:
        """Jobs may have ended of which nothing was heard."""
        self.gaps += 1
        self.wake()

    def wake(self) -> None:
        """Has all streams look."""
        for watch in self.watches:
            watch.changed.set()

    def _remember(self, batch: Iterable[Seen]) -> None:
        self._ended |= dict.fromkeys(seen.id for seen in batch)
        while len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]


class AccountWatch(Watch):
    """An account's."""

    def __init__(self, channel: Channel, account_id: UUID, key_id: UUID | None, *, with_log: bool) -> None:
        super().__init__(account_id, key_id, with_log=with_log)
        self.channel = channel
