"""What is deleted when its time is over, as one pass: its steps, each in batches, until nothing is due."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from ffmill.config import Settings
from ffmill.db.pool import UNREACHABLE, Connection, Pool
from ffmill.errors import Unavailable
from ffmill.retention import deletions, repository
from ffmill.store import signing_keys
from ffmill.store.store import Store

LOG = structlog.stdlib.get_logger()
OBJECTS = "prefixes of objects"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One kind of thing whose time ends."""

    name: str  # what goes, in the plural
    batch: Callable[[Connection], Awaitable[int]]  # in a transaction; how many went: again, as long as some did


def steps(settings: Settings) -> tuple[Step, ...]:
    """All of them, in the order in which they are taken."""
    return (
        Step(name="outputs of jobs", batch=partial(repository.expire_outputs, days=settings.keep_outputs_days)),
        Step(name="temporary files", batch=partial(repository.expire_uploads, days=settings.keep_uploads_days)),
        Step(name="logs", batch=partial(repository.expire_logs, days=settings.keep_logs_days)),
        Step(name="jobs", batch=partial(repository.expire_jobs, days=settings.keep_jobs_days)),
        Step(name="probes", batch=repository.forget_probes),
        Step(name="references of ended jobs", batch=repository.forget_references),
        Step(name="idle rate limits", batch=repository.forget_idle_rates),
        Step(name="signing keys of before", batch=signing_keys.forget_old),
    )


class Expiry:
    """Passes over all that is kept. Several at once, and one that breaks off, do no harm: each batch is whole."""

    def __init__(self, settings: Settings, pool: Pool, store: Store) -> None:
        self._steps = steps(settings)
        self._pool = pool
        self._store = store

    async def run(self) -> None:
        """One pass, as housekeeping: what fails is told in the log and left to the next one."""
        for step in self._steps:
            await self._try(step.name, partial(self._take, step))
        await self._try(OBJECTS, partial(deletions.carry_out_all, self._pool, self._store))

    async def steps(self) -> AsyncIterator[tuple[str, int]]:
        """One pass, step by step: what went, and how many; raises what `pool` and `store` raise."""
        for step in self._steps:
            yield step.name, await self._take(step)
        yield OBJECTS, await deletions.carry_out_all(self._pool, self._store)

    async def _take(self, step: Step) -> int:
        total = 0
        while gone := await self._batch(step):
            total += gone
        return total

    async def _batch(self, step: Step) -> int:
        async with self._pool.connection() as connection, connection.transaction():
            return await step.batch(connection)

    async def _try(self, what: str, take: Callable[[], Awaitable[int]]) -> None:
        """A fault of one step is no reason to keep for ever what the others would delete."""
        try:
            gone = await take()
        except (*UNREACHABLE, Unavailable) as error:
            LOG.warning("not all that is due was deleted", what=what, error=str(error).strip())
        except Exception:
            LOG.exception("not all that is due was deleted", what=what)
        else:
            if gone:
                LOG.info("deleted what was due", what=what, count=gone)
