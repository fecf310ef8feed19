"""Jobs of which it was heard that they ended, and that are not read yet."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from uuid import UUID

from ffmill.events.repository import MOST_ENDED

MOST_HEARD = 200  # of whose account nothing is known, asked for at once
Ids = dict[UUID, None]
"""In their order."""


class Backlog:
    """First come, first served, and of what has to wait, each account in turn: no account keeps the others waiting."""

    def __init__(self) -> None:
        self._heard = Ids()
        self._late: dict[UUID, Ids] = {}  # by account, as the row said that was too much to be read with the others
        self._most = MOST_HEARD

    def hear(self, ids: Iterable[UUID]) -> None:
        """Takes jobs of whichever account."""
        self._heard |= dict.fromkeys(ids)

    def put_off(self, account_id: UUID, job_id: UUID) -> None:
        """Takes a job that was too much to be read with the others."""
        self._late.setdefault(account_id, {})[job_id] = None

    def next(self) -> list[UUID]:
        """What to ask for; it stays here until it is done with."""
        return [*islice(self._turns(), min(MOST_ENDED, self._most)), *islice(self._heard, self._most)]

    def done(self, ids: Iterable[UUID]) -> None:
        """Forgets what was read."""
        for job_id in ids:
            self._heard.pop(job_id, None)
            for late in self._late.values():
                late.pop(job_id, None)
        self._late = {account_id: late for account_id, late in self._late.items() if late}
        self._most = min(MOST_HEARD, 2 * self._most)

    def failed(self) -> None:
        """Has the next question be a smaller one: it may have been too much."""
        self._most = max(1, self._most // 2)

    def keep(self, accounts: Iterable[UUID]) -> None:
        """Forgets the jobs of all other accounts; where there are none, everything."""
        kept = set(accounts)
        self._late = {account_id: late for account_id, late in self._late.items() if account_id in kept}
        if not kept:
            self._heard.clear()

    def holds(self, account_id: UUID) -> bool:
        """Whether a job of the account may be among them."""
        return bool(self._heard) or account_id in self._late

    def _turns(self) -> Iterable[UUID]:
        queues = deque(iter(late) for late in self._late.values())
        while queues:
            job_id = next(queues[0], None)
            if job_id is None:
                queues.popleft()
            else:
                queues.rotate(-1)
                yield job_id
