"""One command in its cage, run as a worker runs it, and the traces of it in what it said and wrote."""

import asyncio
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffmill.jobs.spill import spill
from ffmill.sandbox.cage import Cage, Exit
from ffmill.sandbox.workspace import Workspace
from ffmill.worker.commands import FRONT, listener
from ffmill.worker.joblog import JobLog
from ffmill.worker.progress import ProgressReader
from tests.attacks.cage.case import Case, Places

LOST_SECONDS = 30  # for a command that ends at once, or is stopped by a limit soon
LOOKED_INTO_BYTES = 16 << 20  # of a file


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a command did."""

    exit: Exit | None  # None: it was cancelled
    log: str
    written: Mapping[str, int]  # bytes of each file in the job's directory
    noticed: Sequence[str]  # what it did to canaries, a sentence each


class Run:
    """Of a case in a workspace."""

    def __init__(self, case: Case, workspace: Workspace, places: Places) -> None:
        self._case = case
        self._workspace = workspace
        self._places = places
        self._inputs = case.files(places)
        self._log, self._progress = JobLog(), ProgressReader(1)
        self._listener = listener(self._log, self._progress)
        self._said = bytearray()
        self._at_work = asyncio.Event()
        self._exit: Exit | None = None

    async def prepare(self) -> None:
        """Puts the inputs there, and what commands before this one would have left."""
        for name, content in self._inputs.items():
            (self._workspace.inputs / name).write_bytes(content)
        if self._case.set_up is not None:
            self._case.set_up(self._workspace.work, self._places)

    async def through(self, cage: Cage, *, until: asyncio.Event) -> None:
        """Runs it to its end, or `until` something happens, or until it says that it is at work."""
        ends = [until.wait(), self._at_work.wait()]
        running = asyncio.create_task(self._run(cage))
        waiting = [asyncio.ensure_future(end) for end in ends]
        try:
            async with asyncio.timeout(LOST_SECONDS):
                await asyncio.wait([running, *waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting if running.done() else (running, *waiting):
                each.cancel()
            await asyncio.wait([running, *waiting])
        if not running.cancelled():
            running.result()

    async def _run(self, cage: Cage) -> None:
        argv = self._case.argv(self._places)
        words, files = spill(argv)
        for name, text in files.items():
            self._workspace.write(name, text)
        self._progress.command(0, argv)
        front = FRONT if self._case.program == "ffmpeg" else ()
        self._exit = await cage.run(
            [*front, *words],
            self._case.limits,
            program=self._case.program,
            on_progress=self._hear,
            on_stderr=self._take,
        )
        self._log.end("")

    def _take(self, chunk: bytes) -> None:
        self._look_at(chunk)
        self._listener(chunk)

    def _look_at(self, chunk: bytes) -> None:
        if self._case.until and re.search(self._case.until.encode(), chunk):
            self._at_work.set()

    def _hear(self, chunk: bytes) -> None:
        self._look_at(chunk)
        if len(self._said) < LOOKED_INTO_BYTES:
            self._said += chunk
        self._progress.feed(chunk)

    def outcome(self, secrets: Mapping[str, Iterable[bytes]], noticed: Sequence[str]) -> Outcome:
        """What it did, with what was noticed of it outside."""
        log = f"{self._log.text()}\n{self._log.errors()}\n{self._exit and self._exit.limit}"
        written = {path.relative_to(self._workspace.work).as_posix(): path for path in _files(self._workspace.work)}
        seen = {"the log": log.encode(errors="surrogateescape"), "the progress": bytes(self._said)}
        seen |= {f"the file {name!r}": os.fsencode(name) + b"\n" + _head(path) for name, path in written.items()}
        return Outcome(
            exit=self._exit,
            log=log,
            written={name: path.lstat().st_size for name, path in written.items()},
            noticed=[*noticed, *_gave_away(seen, secrets), *self._changed_inputs()],
        )

    def _changed_inputs(self) -> Iterator[str]:
        now = {path.name: path.read_bytes() for path in self._workspace.inputs.iterdir() if path.name in self._inputs}
        if now != self._inputs:
            yield "an input was changed"


def _gave_away(seen: Mapping[str, bytes], secrets: Mapping[str, Iterable[bytes]]) -> Iterator[str]:
    for where, content in seen.items():
        for name, spelled in secrets.items():
            if any(each in content for each in spelled):
                yield f"{where} gives away {name}"


def _files(work: Path) -> Iterator[Path]:
    """Regular files that a command wrote, not what links lead to."""
    for directory, directories, names in os.walk(work):
        if Path(directory) == work and "inputs" in directories:
            directories.remove("inputs")
        for name in names:
            if stat.S_ISREG(os.lstat(f"{directory}/{name}").st_mode):
                yield Path(directory, name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LOOKED_INTO_BYTES)
