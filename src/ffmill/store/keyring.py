"""The signing keys at hand in a process, kept as the database has them."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager, suppress

import structlog

from ffmill.db.pool import UNREACHABLE, Pool
from ffmill.errors import Unavailable
from ffmill.store import signing_keys
from ffmill.store.signing import Signer, UnknownKey

LOG = structlog.stdlib.get_logger()

FOLLOW_SECONDS = 3.0  # from one reading to the next
PAUSE_SECONDS = 1.0  # at least, whatever strangers send
LOOK_SECONDS = 30.0  # that a reading may take, what came before it included
MOST_STRANGE = 1000


class Keyring:
    """A signer that follows the keys of the database: new ones sign, removed ones no longer verify.

    Where the database cannot be reached, the keys at hand go on. A URL whose signing key is unknown has the keys read
    again; all that come in one second share a reading. An id that was not found then is never looked for again: a key
    is in the database before it signs, and nobody can guess the id of one to come.
    """

    def __init__(self, signer: Signer, pool: Pool) -> None:
        self.signer = signer
        self._pool = pool
        self._wanted = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._waiting: list[asyncio.Future[bool]] = []  # whoever looks for a key; gets whether they were read
        self._strange: dict[str, None] = {}  # the ids that were not found, oldest first

    async def verify(self, method: str, url: str) -> str:
        """The same as `Signer.verify`, by a key that another process has just made, too.

        Raises InvalidSignature, ExpiredSignature, and Unavailable when the database cannot say whether the key is one.
        """
        try:
            return self.signer.verify(method, url)
        except UnknownKey as unknown:
            await self.look_for({unknown.kid})
        return self.signer.verify(method, url)

    async def look_for(self, kids: Collection[str]) -> None:
        """Returns when every key of these ids is at hand that there is; raises Unavailable."""
        if self._strange.keys() >= set(kids):
            return
        read: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(read)
        self._wanted.set()
        if not await _within(LOOK_SECONDS, read):
            raise Unavailable("the signing keys cannot be read; try again")
        self._strange.update((kid, None) for kid in kids if not self.signer.has(kid))
        for kid in list(self._strange)[:-MOST_STRANGE]:
            del self._strange[kid]

    async def run(self) -> None:
        """Reads the keys every few seconds, sooner when one is looked for, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FOLLOW_SECONDS):
                    await self._wanted.wait()
            await self._answer()
            await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> None:
        """Reads the keys once; raises OperationalError and its like when the database cannot be reached."""
        async with self._one_at_a_time:  # or an older reading that ends last would bring removed keys back
            async with self._pool.connection() as connection:
                keys = await signing_keys.load(connection)
            if keys:  # a process that can sign nothing would be of no use
                self.signer.replace(keys)

    async def _answer(self) -> None:
        """Reads the keys for all who look for one by now: those who come later want a later reading."""
        waiting, self._waiting = self._waiting, []
        self._wanted.clear()
        done = await self.refresh()
        for read in waiting:
            if not read.done():  # whoever waited may have gone
                read.set_result(done)

    async def refresh(self) -> bool:
        """One step, whatever becomes of it: a process that ends for it takes all of its work along."""
        try:
            await self.step()
        except UNREACHABLE as error:
            LOG.warning("the signing keys cannot be read; those at hand go on", error=str(error).strip())
        except Exception:
            LOG.exception("reading the signing keys failed; those at hand go on")
        else:
            return True
        return False


async def _within(seconds: float, read: asyncio.Future[bool]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await read
    except TimeoutError:
        return False


@asynccontextmanager
async def following(keyring: Keyring) -> AsyncGenerator[None]:
    """Keeps the keys up to date until left."""
    running = asyncio.create_task(keyring.run())  # in no group: that would wrap what the caller raises
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
