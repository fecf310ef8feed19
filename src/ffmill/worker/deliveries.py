"""Makes deliveries: when they are due, beside not too many others, each call written down once."""

import json
from datetime import timedelta
from functools import partial
from uuid import UUID

import aiohttp
import structlog

from ffmill import tracing
from ffmill.config import Settings
from ffmill.db.patience import patiently
from ffmill.db.pool import Pool
from ffmill.jobs.model import Job
from ffmill.jobs.view import OUTPUT_URL_SECONDS, job_object
from ffmill.queue.engine import NotYet
from ffmill.store.signing import Signer
from ffmill.webhooks import repository, secrets, signature
from ffmill.webhooks.deliver import deliver, site_of
from ffmill.webhooks.model import Answered, Call, Counted, State, Waiting
from ffmill.webhooks.places import NoPlace, Places

LOG = structlog.stdlib.get_logger()


class Deliveries:
    """What a worker does for the engine's tasks of webhooks."""

    def __init__(
        self,
        settings: Settings,
        *,
        pool: Pool,
        session: aiohttp.ClientSession,
        signer: Signer,
        places: Places | None = None,
    ) -> None:
        self._limit_seconds = settings.webhook_timeout_seconds
        self._pauses = settings.webhook_retry_seconds
        self._patience = settings.worker_lost_seconds
        self._pool = pool
        self._session = session
        self._signer = signer
        self._places = places or Places()

    async def deliver(self, delivery_id: UUID, round_number: int) -> None:
        """Makes the delivery, if it is pending in that round; returns when there is nothing more to do.

        Raises NotYet, which says when to come back, and one of UNREACHABLE, after which it must be made again.
        """
        waiting = await self._due(delivery_id, round_number)
        if waiting is None:
            return
        try:
            async with self._places.taken(site_of(waiting.url), waiting.account_id):
                counted = await self._make(delivery_id, round_number)
        except NoPlace as full:
            raise NotYet(waiting.now + timedelta(seconds=full.seconds)) from full
        if counted is None:
            await self._look_again(delivery_id, round_number)
        elif counted.next_try_at is not None:
            raise NotYet(counted.next_try_at)

    async def _look_again(self, delivery_id: UUID, round_number: int) -> None:
        """Another worker's call was counted, or ours was and that answer was lost: while the delivery is pending, its
        task must not end. Raises NotYet."""
        waiting = await self._due(delivery_id, round_number)
        if waiting is not None:
            raise NotYet(waiting.now)

    async def _due(self, delivery_id: UUID, round_number: int) -> Waiting | None:
        """The delivery, if it is pending. Raises NotYet before its time: its task came back by another way."""
        async with self._pool.connection() as connection:
            waiting = await repository.waiting(connection, delivery_id, round_number)
        if waiting is not None and waiting.next_try_at is not None and waiting.next_try_at > waiting.now:
            raise NotYet(waiting.next_try_at)
        return waiting

    async def _make(self, delivery_id: UUID, round_number: int) -> Counted | None:
        """What follows from the call; None when it was not made, or is not counted."""
        async with self._pool.connection() as connection:
            call = await repository.call(connection, delivery_id, round_number)
            if call is None:
                return None
            keys = await secrets.in_force(connection, call.job.account_id)
        body = self._body(call.job)
        with tracing.follow("webhook", call.job.traceparent, job_id=str(call.job.id), tries=call.tries) as span:
            headers = {**signature.headers(str(delivery_id), call.at, body, keys), **tracing.headers()}
            answered = await deliver(self._session, call.url, body, headers=headers, limit_seconds=self._limit_seconds)
            span.note(status_code=answered.status_code or 0)
            if answered.error is not None:
                span.fail("it was not delivered")
        return await patiently(partial(self._count, call, answered), self._patience)

    def _body(self, job: Job) -> bytes:
        text = json.dumps(job_object(job, self._sign), ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its own JSON escape

    def _sign(self, key: str) -> str:
        return self._signer.sign("GET", key, OUTPUT_URL_SECONDS)

    async def _count(self, call: Call, answered: Answered) -> Counted | None:
        async with self._pool.connection() as connection:
            counted = await repository.count(connection, call, answered, self._pauses)
        if counted is not None:
            _tell(call, answered, counted)
        return counted


def _tell(call: Call, answered: Answered, counted: Counted) -> None:
    about = {"job": str(call.job.id), "delivery": str(call.delivery_id), "seconds": answered.duration_seconds}
    if counted.state is State.DELIVERED:
        LOG.info("a webhook was delivered", **about, status=answered.status_code)
    else:
        LOG.info("a webhook was not delivered", **about, why=answered.error, state=counted.state.value)
