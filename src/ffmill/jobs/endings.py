"""Who waits for a job's end: one listening connection for all waiters of a process."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from ffmill.db.pool import CONNECT, FORGET_US, UNREACHABLE, cut_after
from ffmill.jobs.repository import ENDED_CHANNEL

LOG = structlog.stdlib.get_logger()
RETRY_SECONDS = 0.5
SILENCE_SECONDS = 30.0


class Heard:
    """Which jobs have ended since somebody looked last, and how often listening had a gap, in which any may have."""

    def __init__(self) -> None:
        self.ids = set[UUID]()
        self.gaps = 0


class Endings:
    """Wakes waiters when a job ends, and all of them after a gap in listening, so that each looks for itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiters: dict[UUID, set[asyncio.Event]] = {}
        self._hearers = set[Heard]()
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncGenerator[asyncio.Event]:
        """An event that is set when the job may have ended; look after entering, then wait, clear, look again."""
        event = asyncio.Event()
        waiters = self._waiters.setdefault(job_id, set())
        waiters.add(event)
        try:
            yield event
        finally:
            waiters.discard(event)
            if not waiters:
                self._waiters.pop(job_id, None)

    @contextmanager
    def hear(self) -> Generator[Heard]:
        """What is heard from now on, of whichever job; whoever asks takes the ids out again."""
        heard = Heard()
        self._hearers.add(heard)
        try:
            yield heard
        finally:
            self._hearers.discard(heard)

    async def run(self) -> None:
        """Listens until cancelled; after a broken connection, again.

        After any other failure too: an API that ends for it takes all of its requests along, and waiters look for
        themselves every so often.
        """
        while True:
            try:
                await self.listen()
            except UNREACHABLE as error:
                LOG.warning("listening for ended jobs broke off", error=str(error).strip())
            except Exception:
                LOG.exception("listening for ended jobs failed")
            self.listening.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def listen(self) -> None:
        """Listens on one connection until it breaks, or until it is found dead in a silent half minute."""
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            **CONNECT,  # pyright: ignore[reportArgumentType]  # numbers are fine
        )
        async with connection:
            with cut_after(connection, SILENCE_SECONDS):
                await connection.execute(FORGET_US)
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ENDED_CHANNEL)))
            self.listening.set()
            self._wake_all()
            while True:
                async for note in connection.notifies(timeout=SILENCE_SECONDS):
                    self._wake(note.payload)
                with cut_after(connection, SILENCE_SECONDS):
                    await connection.execute("SELECT 1")

    def _wake(self, payload: str) -> None:
        try:
            job_id = UUID(payload)
        except ValueError:  # anyone who may connect may notify
            return
        for event in self._waiters.get(job_id, ()):
            event.set()
        for heard in self._hearers:
            heard.ids.add(job_id)

    def _wake_all(self) -> None:
        for heard in self._hearers:
            heard.gaps += 1
        for waiters in self._waiters.values():
            for event in waiters:
                event.set()
