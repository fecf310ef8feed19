"""`ffmill serve`: the whole service under one parent, which starts it, keeps it running and stops it."""

import asyncio
import signal
import socket
from contextlib import ExitStack, suppress
from functools import partial

import structlog
import typer

from ffmill.cli import children
from ffmill.cli.gate import Gate
from ffmill.cli.readiness import until_ready
from ffmill.cli.supervisor import Program, Supervised
from ffmill.config import Settings
from ffmill.db.embedded import POLL_SECONDS, EmbeddedPostgres
from ffmill.errors import CannotStart
from ffmill.listener import listen
from ffmill.locks import hold

LOG = structlog.stdlib.get_logger()
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# five seconds in all, with a drain of three
HAND_BACK_SECONDS = 0.7  # beyond the drain, for a worker to hand its jobs back
API_SECONDS = 0.6
POSTGRES_SECONDS = 0.6
SETUP_PAUSE_SECONDS = 1.0


def run(settings: Settings) -> None:
    """Serves until it is told to stop. Raises CannotStart; typer.Exit when a child has said why it cannot start."""
    with ExitStack() as held:
        try:
            service = _prepare(settings, held)
        except OSError as error:
            raise CannotStart(f"the data directory {settings.root} cannot be used: {error.strerror}") from error
        asyncio.run(service.run())


def _prepare(settings: Settings, held: ExitStack) -> "Service":
    """What is done before there is a process: the directory, the address and the cluster are ours."""
    settings.root.mkdir(0o700, parents=True, exist_ok=True)
    held.enter_context(hold(settings.root / "lock", f"another ffmill is serving {settings.root}"))
    listener = held.enter_context(listen(settings.host, settings.port))
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    postgres = None if settings.database_url else EmbeddedPostgres(settings.root)
    if postgres:
        postgres.prepare()
        held.callback(postgres.release)
    return Service(settings, listener, postgres)


class Service:
    """The children of one `ffmill serve`: started in order, kept running, stopped in the reverse order."""

    def __init__(self, settings: Settings, listener: socket.socket, postgres: EmbeddedPostgres | None) -> None:
        self._settings = settings
        self._postgres = postgres
        told = children.environment(settings, postgres)
        self._setup = Supervised(program=children.setup_program(told))
        self._database = [self._child(children.postgres_program(postgres))] if postgres else []
        self._gate = Gate()
        self._api = self._child(children.api_program(told, self._gate, listener))
        self._workers = [
            self._child(children.worker_program(told, self._gate, settings, machine)) for machine in settings.machines
        ]
        self._ready = False
        self._over = asyncio.Event()
        self._refusal: Exception | None = None

    async def run(self) -> None:
        """Starts everything, returns when everything has ended; raises as `serve.run`."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop)
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(self._start(group))
            await self._over.wait()
            starting.cancel()
            await self._stop()
        if self._refusal:
            raise self._refusal

    async def _start(self, group: asyncio.TaskGroup) -> None:
        known_key = self._api_key()
        for child in (*self._database, self._api, *self._workers):
            group.create_task(child.run())
        for database in self._database:
            await self._until_database(database)
        if status := await self._set_up():
            self._died(self._setup.program, status)
            return
        self._gate.open()
        await until_ready(self._settings.host, self._settings.port)
        self._ready = True
        with suppress(BrokenPipeError):  # whoever read our output has gone; the service has not
            self._announce(new_key=self._api_key() != known_key)

    async def _set_up(self) -> int:
        """The status of the set-up, which says itself why it refuses; killed, as by want of memory, it runs again."""
        while (status := await self._setup.live()) < 0:
            LOG.error("the set-up was killed and is started again", status=status)
            await asyncio.sleep(SETUP_PAUSE_SECONDS)
        return status

    async def _until_database(self, database: Supervised) -> None:
        while not (self._postgres and database.pid and self._postgres.is_ready(database.pid)):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    async def _stop(self) -> None:
        """The workers first, whose clients the API still answers; the database last."""
        LOG.info("stopping")
        drain = self._settings.drain_seconds + HAND_BACK_SECONDS
        await asyncio.gather(*(worker.stop(drain) for worker in self._workers))
        await self._api.stop(API_SECONDS)
        for database in self._database:
            await database.stop(POSTGRES_SECONDS)

    def _child(self, program: Program) -> Supervised:
        return Supervised(program=program, on_death=partial(self._died, program))

    def _died(self, program: Program, status: int) -> None:
        """A child that ends by itself before the service is ready has refused, and said why."""
        if self._ready or status < 0:
            return
        if program.name == "postgres" and self._postgres:
            self._end(CannotStart(f"the embedded PostgreSQL did not start: {self._postgres.complaint()}"))
        else:
            self._end(typer.Exit(1))

    def _asked_to_stop(self) -> None:
        if self._over.is_set():  # asked again: at once
            for child in self._all:
                child.kill()
        self._end(None)

    def _end(self, refusal: Exception | None) -> None:
        self._refusal = self._refusal or refusal
        for child in self._all:
            child.retire()
        self._over.set()

    @property
    def _all(self) -> list[Supervised]:
        return [self._setup, *self._workers, self._api, *self._database]

    def _api_key(self) -> str | None:
        path = self._settings.root / "api-key"
        return path.read_text().strip() if path.exists() else None

    def _announce(self, *, new_key: bool) -> None:
        url = self._settings.effective_public_url
        typer.echo(f"ffmill is ready at {url}")
        if new_key:
            typer.echo(f"API key: {self._api_key()} (kept in {self._settings.root / 'api-key'})")
        elif self._api_key():
            typer.echo(f"API key: in {self._settings.root / 'api-key'}")
