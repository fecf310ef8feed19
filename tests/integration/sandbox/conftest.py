"""Real cages on scratch directories of their own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.sandbox.cage import Cage, Exit
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace

QUIET = ("-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "level+info")


@dataclass
class Run:
    """A command that ran, and what it said."""

    exit: Exit
    progress: str
    log: str
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])  # those in the job's directory


@dataclass
class Bench:
    """A sandbox to try commands on."""

    sandbox: Sandbox
    limits: Limits

    async def run(self, command: str | list[str], *, inputs: dict[str, bytes] | None = None, **more: object) -> Run:
        """Runs a command in a fresh workspace."""
        async with self.sandbox.workspace(0) as workspace, self.sandbox.cage(workspace) as cage:
            for name, content in (inputs or {}).items():
                (workspace.inputs / name).write_bytes(content)
            return await self.run_in(cage, workspace, command, **more)

    async def run_in(self, cage: Cage, workspace: Workspace, command: str | list[str], **more: object) -> Run:
        """Runs a command in a cage that is there."""
        progress, log = bytearray(), bytearray()
        words = command.split() if isinstance(command, str) else command
        done = await cage.run(  # pyright: ignore[reportCallIssue]
            words if "program" in more else [*QUIET, *words],
            more.pop("limits", self.limits),  # pyright: ignore[reportArgumentType]
            on_progress=progress.extend,
            on_stderr=log.extend,
            **more,  # pyright: ignore[reportArgumentType]
        )
        files = {p.relative_to(workspace.work).as_posix(): p for p in workspace.work.rglob("*") if p.is_file()}
        content = {name: path.read_bytes() for name, path in files.items() if path.stat().st_size < 1 << 20}
        return Run(exit=done, progress=progress.decode(), log=log.decode(errors="replace"), files=content)


@pytest.fixture(params=["full", "landlock", "off"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a worker at each level."""
    return Settings(data_dir=tmp_path / "data", sandbox=request.param)


@pytest.fixture
def caged(tmp_path: Path) -> Settings:
    """Settings of a worker with cages."""
    return Settings(data_dir=tmp_path / "data", sandbox="full")


@pytest.fixture
async def bench(settings: Settings) -> AsyncGenerator[Bench]:
    """A sandbox at each level."""
    async with Sandbox.open(settings, 2) as sandbox:
        yield Bench(sandbox, Limits.of(settings))


@pytest.fixture(params=["full", "landlock"])
async def confined(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Bench]:
    """A sandbox with cages of each kind."""
    settings = Settings(data_dir=tmp_path / "data", sandbox=request.param)
    async with Sandbox.open(settings, 2) as sandbox:
        yield Bench(sandbox, Limits.of(settings))


@pytest.fixture
async def full(caged: Settings) -> AsyncGenerator[Bench]:
    """A sandbox with cages."""
    async with Sandbox.open(caged, 2) as sandbox:
        yield Bench(sandbox, Limits.of(caged))


async def until_named(cage: Cage, name: str) -> None:
    """Waits until what is in the cage has become the program."""
    async with asyncio.timeout(10):
        while not comm(cage.pid).startswith(name):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)


def comm(pid: int) -> str:
    """The name of a process; empty as long as it is not known."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except FileNotFoundError:
        return ""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
