"""The sandbox of a worker: makes workspaces and cages for its slots."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Self

import structlog

from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import levels, uids
from ffmill.sandbox.advice import advice
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.cgroups import Groups
from ffmill.sandbox.full import full
from ffmill.sandbox.gpu import Gpu
from ffmill.sandbox.landlocked import landlocked
from ffmill.sandbox.levels import Level, off
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.removal import remove
from ffmill.sandbox.scratch import Scratch
from ffmill.sandbox.usage import may_look
from ffmill.sandbox.workspace import Workspace, make

LOG = structlog.stdlib.get_logger()
CHECK_SECONDS = 30
LOOKS, LOOK_SECONDS = 50, 0.01
REMOVERS = 2
GO_ON = "set FFMILL_SANDBOX=off where you trust the commands"

Opener = Callable[[Settings, Scratch, Path, Gpu | None], AbstractContextManager[Level]]
OPENERS: Mapping[levels.Name, Opener] = {"full": full, "landlock": landlocked, "off": off}
ORDER: Mapping[str, tuple[levels.Name, ...]] = {  # by the setting, the best first
    "auto": ("full", "landlock"),
    "full": ("full",),
    "landlock": ("landlock",),
    "off": ("off",),
}


class Sandbox:
    """Made by `open`; serves the slots 0 to 1,023."""

    def __init__(
        self,
        level: Level,
        *,
        scratch: Scratch,
        directory: Path,
        removers: ThreadPoolExecutor,
        groups: Groups | None,
        refusals: Sequence[str],
    ) -> None:
        self._level = level
        self._scratch = scratch
        self._directory = directory
        # unlink holds its caller up for as long as a file is large: that must not be the loop
        self._removers = removers
        self._groups = groups
        self._may_look = False  # into processes of the slots' users
        self._names = count()
        self.refusals = refusals  # why a level above this one is not in force
        self.ffmpeg_banner = ""  # what `ffmpeg -version` prints, once it has been tried

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, slots: int, *, gpu: Gpu | None = None) -> AsyncGenerator[Self]:
        """Prepares the scratch directory and what cages are made of, and tries one, by the first level that the setting
        allows and that works; starts to sweep. Commands can use the `gpu` that is given.

        To be entered by the main thread, from which all cages are then made: they die with it. Raises CannotStart.
        """
        if slots > uids.BLOCK:
            raise CannotStart(f"a worker has {uids.BLOCK} slots at most, not {slots}: start several workers")
        scratch, refusals = Scratch(settings.scratch_dir), list[str]()
        with scratch.worker() as directory:
            for name in ORDER[settings.sandbox]:
                with ExitStack() as stack:
                    try:
                        level = stack.enter_context(OPENERS[name](settings, scratch, directory, gpu))
                        groups = stack.enter_context(Groups.open())
                        removers = stack.enter_context(ThreadPoolExecutor(REMOVERS, thread_name_prefix="remover"))
                        sandbox = cls(
                            level,
                            scratch=scratch,
                            directory=directory,
                            removers=removers,
                            groups=groups,
                            refusals=refusals,
                        )
                        await sandbox.check(Limits.of(settings))
                    except CannotStart as refusal:
                        refusals.append(f"{name}: {refusal.message}")
                        continue
                    removers.submit(scratch.sweep)
                    yield sandbox
                    return
        raise CannotStart(f"{'; '.join(refusals)}; or {GO_ON}")

    @property
    def level(self) -> levels.Name:
        """How commands are confined."""
        return self._level.name

    @property
    def ffmpeg_version(self) -> str:
        """As ffmpeg itself tells: `ffmpeg version 9.0.2 Copyright …`."""
        return self.ffmpeg_banner.partition("version ")[2].partition(" ")[0]

    @property
    def groups(self) -> int | None:
        """The version of the control groups that hold commands to their limits; None where none can be made."""
        return self._groups.version if self._groups else None

    @asynccontextmanager
    async def workspace(self, slot: int) -> AsyncGenerator[Workspace]:
        """A fresh directory for one attempt on a slot, removed at the end whatever is in it, cancelled or not."""
        root = self._directory / f"{slot}-{next(self._names)}"
        try:
            yield make(root, slot=slot, uid=self._level.uid(slot), bound=self.level == "full")
        finally:
            # cancelled, the removal goes on in its thread, which the sandbox waits for when it is closed
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._removers, remove, root))

    @asynccontextmanager
    async def cage(self, workspace: Workspace) -> AsyncGenerator[Cage]:
        """A cage on a workspace, ready for its one command; several may be open on one workspace."""
        async with Cage(self._level.door(workspace), workspace, self._groups, may_look=self._may_look) as cage:
            yield cage

    async def sweep(self) -> list[Path]:
        """Removes what dead workers left in the scratch directory; gives the directories removed."""
        return await asyncio.get_running_loop().run_in_executor(self._removers, self._scratch.sweep)

    async def ask(self, argv: Sequence[str], limits: Limits) -> str:
        """What ffmpeg prints when it is run with these words, as `-filters`, at most 30 s long; raises CannotStart."""
        said = list[bytes]()
        try:
            async with asyncio.timeout(CHECK_SECONDS), self.workspace(0) as workspace, self.cage(workspace) as cage:
                await cage.run(argv, limits, on_stderr=said.append)
        except TimeoutError as error:
            raise CannotStart(f"ffmpeg {' '.join(argv)} did not end within {CHECK_SECONDS} s") from error
        return b"".join(said).decode(errors="replace")

    async def check(self, limits: Limits) -> None:
        """Runs `ffmpeg -version` in a cage; raises CannotStart, which says why, when that fails."""
        said, code = list[bytes](), None
        try:
            async with asyncio.timeout(CHECK_SECONDS), self.workspace(0) as workspace, self.cage(workspace) as cage:
                self._may_look = await _may_look(cage)
                code = (await cage.run(["-version"], limits, on_stderr=said.append)).code
        except TimeoutError:
            said.append(f"nothing in {CHECK_SECONDS} s".encode())
        except OSError as error:  # the program that makes cages is not one
            said.append(str(error).encode())
        words = b"".join(said).decode(errors="replace")
        if code != 0:
            reason = words.strip().partition("\n")[0] or f"exit code {code}"
            raise CannotStart(f"ffmpeg does not start in its cage ({reason}){advice(reason)}")
        self.ffmpeg_banner = words
        if not self._may_look and self.level != "off":
            LOG.warning("deleted files that a command holds open are not counted: the worker lacks CAP_SYS_PTRACE")


async def _may_look(cage: Cage) -> bool:
    """Whether we may see what the cages' processes have open; none may as long as it is made."""
    pid, looks = await cage.known(), LOOKS
    while pid and looks and not may_look(pid):
        await asyncio.sleep(LOOK_SECONDS)
        looks -= 1
    return bool(pid and looks)
