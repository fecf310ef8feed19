"""Where the attacks take place: a real sandbox among canaries, and what is noticed of each command in it."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from ffmill.config import Settings
from ffmill.sandbox.levels import Name
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace
from tests.attacks.cage import canaries
from tests.attacks.cage.canaries import Secrets, Tree
from tests.attacks.cage.case import Case, Places
from tests.attacks.cage.listeners import Listeners
from tests.attacks.cage.runs import Outcome, Run
from tests.attacks.cage.tokens import spellings, token

SHARED = Path("/dev/shm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arena:
    """A sandbox, and the canaries around it."""

    sandbox: Sandbox
    secrets: Secrets
    listeners: Listeners
    host: Tree  # files of the host
    shared: Tree  # one in the memory that processes share
    other: Workspace  # of another job
    job: Tree  # what is in it
    stray: str  # in the name of what is to be written where anybody may
    descriptor: int  # of a file of the host, open in the worker

    @classmethod
    @asynccontextmanager
    async def open(cls, level: Name, home: Path) -> AsyncGenerator[Self]:
        """In a directory that every user can walk to, so that nothing but the cage keeps anybody out."""
        secrets, host = Secrets(), home / "host"
        canaries.plant(host, secrets.host)
        settings = Settings(data_dir=home / "data", sandbox=level)
        async with AsyncExitStack() as stack:
            stack.enter_context(_environment(secrets, host))
            sandbox = await stack.enter_async_context(Sandbox.open(settings, 2))
            other = await stack.enter_async_context(sandbox.workspace(1))
            arena = cls(
                sandbox=sandbox,
                secrets=secrets,
                listeners=stack.enter_context(Listeners.open(host, token())),
                host=Tree(host),
                shared=Tree(stack.enter_context(_shared(secrets.host))),
                other=other,
                job=Tree(other.root),
                stray=token(),
                descriptor=stack.enter_context(_open(host / "secret.txt")),
            )
            arena.reset()
            yield arena

    def reset(self) -> None:
        """Makes all canaries anew."""
        canaries.clear(self.host.top)
        canaries.plant(self.host.top, self.secrets.host)
        canaries.plant_job(self.other, self.secrets.other)
        self.reseal()

    def reseal(self) -> None:
        """Takes all canaries for unhurt as they are now."""
        for tree in self._trees:
            tree.seal()

    @property
    def _trees(self) -> tuple[Tree, ...]:
        return self.host, self.shared, self.job

    @property
    def places(self) -> Places:
        """What stands for what in a case."""
        host = {path.suffix[1:]: str(path) for path in self.host.top.glob("secret.*")}
        host = {("secret" if kind == "txt" else kind): path for kind, path in host.items()}
        theirs = f"{self.other.root}/work/outputs/video.srt"
        return {
            **host,
            "dir": str(self.host.top),
            "new": f"{self.host.top}/new",
            "shared": str(self.shared.top),
            "other": theirs,
            "beside": f"../../{self.other.root.name}/work/outputs/video.srt",
            "job": self.other.root.name,
            "stray": self.stray,
            "port": str(self.listeners.port),
            "display": str(self.listeners.port - 6000),  # x11 counts from there
            "udp": str(self.listeners.udp),
            "unix": self.listeners.unix,
            "abstract": self.listeners.abstract,
            "worker": str(os.getpid()),
            "descriptor": str(self.descriptor),
        }

    async def attempt(self, case: Case) -> Outcome:
        """Runs a case in a fresh workspace, and tells what it did."""
        secrets = {name: spellings(secret) for name, secret in self.secrets.named().items()}
        async with self.sandbox.workspace(0) as workspace:
            run = Run(case, workspace, self.places)
            await run.prepare()
            async with self.sandbox.cage(workspace) as cage:
                with self.listeners.watched():
                    await run.through(cage, until=self.listeners.reached)
            outcome = run.outcome(secrets, self.look())
        if outcome.noticed:
            self.reset()
        return outcome

    def look(self) -> list[str]:
        """What has happened to canaries, a sentence each."""
        found = [sentence for tree in self._trees for sentence in tree.look()]
        return [*found, *self.listeners.look(), *canaries.strays(self.stray)]


@contextmanager
def _environment(secrets: Secrets, host: Path) -> Generator[None]:
    """What the worker might hand down."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FFMILL_CANARY", secrets.environment)
        patch.setenv("FFREPORT", f"file={host}/report.log:level=32")
        patch.setenv("http_proxy", f"http://{secrets.environment}/")
        yield


@contextmanager
def _shared(secret: str) -> Generator[Path]:
    path = SHARED / f"ffmill-{token()[:8]}"
    path.write_text(f"{secret}\n")
    path.chmod(0o666)
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def _open(path: Path) -> Generator[int]:
    """A descriptor that the worker's children would inherit, if nobody kept them from it."""
    descriptor = os.open(path, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
