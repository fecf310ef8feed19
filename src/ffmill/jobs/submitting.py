"""From what a client asks for to jobs that are durable: rules, files of our own, one transaction."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import uuid4

from ffmill import tracing
from ffmill.accounts.model import Account, Terms
from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest, Conflict, Forbidden
from ffmill.jobs import idempotency, references, repository, rules
from ffmill.jobs.command import is_long
from ffmill.jobs.idempotency import Repeatable
from ffmill.jobs.model import Job, Submission
from ffmill.jobs.names import shown
from ffmill.jobs.repository import Accepted
from ffmill.jobs.tickets import Tickets
from ffmill.usage import quotas

MANY = 50  # submissions


class OwnFiles(Protocol):
    """Which URLs are ours."""

    async def resolve(self, urls: Sequence[str]) -> list[str | BadRequest | None]:
        """The object key behind each URL that carries our valid signature, or why there is none; None for others."""
        ...


class Submitting:
    """Accepts submissions, all of a request or none."""

    def __init__(self, settings: Settings, pool: Pool, queue: Tickets, files: OwnFiles) -> None:
        self._settings = settings
        self._pool = pool
        self._queue = queue
        self._files = files

    async def submit(
        self,
        account: Account,
        asked: Sequence[Submission],
        *,
        wait_seconds: int | None,
        request: Repeatable | None,
    ) -> list[Job]:
        """The jobs, durable, in the order of what was asked; those of the first request where this one repeats it.

        They are cancelled when they have not ended within `wait_seconds`.

        Raises BadRequest for whatever can be known to be wrong without running it, Forbidden beyond the account's
        quotas, Conflict.
        """
        if request and (first := await self._first(account, request)):
            return first
        accepted = await self._accept(account, asked)
        async with self._pool.connection() as connection, connection.transaction():
            if not request or await idempotency.keep(connection, account.id, request, [each.id for each in accepted]):
                return await self._insert(connection, account, accepted, wait_seconds)
        # another one under the key was faster
        return await self.submit(account, asked, wait_seconds=wait_seconds, request=request)

    async def _first(self, account: Account, request: Repeatable) -> list[Job]:
        silent = self._settings.worker_lost_seconds
        async with self._pool.connection() as connection:
            ids = await idempotency.find(connection, account.id, request)
            jobs = await repository.get_many(connection, ids, account.id, silent_seconds=silent) if ids else []
        if ids and len(jobs) < len(ids):
            raise Conflict(f"the jobs made under the Idempotency-Key {request.key!r} have been deleted: take a new key")
        return jobs

    async def _insert(
        self, connection: Connection, account: Account, accepted: Sequence[Accepted], wait_seconds: int | None
    ) -> list[Job]:
        await quotas.check(connection, account)
        ours = {key: name for each in accepted for name, key in each.input_keys.items()}
        await references.lock(connection, ours)
        await quotas.check_inputs(connection, account, {key: ours[key] for key in ours if references.owner_of(key)})
        jobs = await repository.insert(
            connection,
            account.id,
            accepted,
            wait_seconds=wait_seconds,
            silent_seconds=self._settings.worker_lost_seconds,
            traceparent=tracing.traceparent(),
        )
        await references.write(connection, {each.id: each.input_keys for each in accepted})
        for machine, count in Counter(job.machine for job in jobs).items():
            await self._queue.issue(connection, machine, count)
        return jobs

    async def _accept(self, account: Account, asked: Sequence[Submission]) -> list[Accepted]:
        """Applies the rules; in a thread where that takes so long that other requests would feel it."""
        if len(asked) > MANY or is_long([command for each in asked for command in each.ffmpeg_commands]):
            admitted = await asyncio.to_thread(self._admit, asked, account.terms)
        else:
            admitted = self._admit(asked, account.terms)
        keys = await self._own(admitted)
        most = account.terms.max_timeout_seconds or self._settings.max_timeout_seconds
        timeout_seconds = min(self._settings.default_timeout_seconds, self._settings.max_timeout_seconds, most)
        return [
            Accepted(
                id=uuid4(),
                submission=each,
                input_keys={name: key for name, url in each.input_files.items() if (key := keys[url])},
                timeout_seconds=each.timeout_seconds or timeout_seconds,
            )
            for each in admitted
        ]

    def _admit(self, asked: Sequence[Submission], terms: Terms) -> list[Submission]:
        where = "jobs[{}]: " if len(asked) > 1 else ""
        return [self._admit_one(each, terms, where.format(at)) for at, each in enumerate(asked)]

    def _admit_one(self, asked: Submission, terms: Terms, where: str) -> Submission:
        try:
            admitted = rules.admit(asked, self._settings.machines)
            quotas.check_terms(
                terms, asked=asked.machine, machine=admitted.machine, timeout_seconds=admitted.timeout_seconds
            )
        except (BadRequest, Forbidden) as refusal:
            raise type(refusal)(where + refusal.message) from refusal
        return admitted

    async def _own(self, admitted: Sequence[Submission]) -> Mapping[str, str | None]:
        names = {url: name for each in admitted for name, url in each.input_files.items()}
        keys: dict[str, str | None] = {}
        for url, key in (await behind(self._files, names)).items():
            if isinstance(key, BadRequest):
                raise key
            keys[url] = key
        return keys


async def behind(files: OwnFiles, names: Mapping[str, str]) -> dict[str, str | BadRequest | None]:
    """What `resolve` gives for each URL, given with its input's name, which a refusal then tells."""
    found = await files.resolve(list(names))
    return {
        url: BadRequest(f"input_files: {shown(name)}: {key.message}") if isinstance(key, BadRequest) else key
        for (url, name), key in zip(names.items(), found, strict=True)
    }
