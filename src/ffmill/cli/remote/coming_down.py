"""Outputs on their way to where the user wants them: each is whole there, or not there."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from ffmill.cli.local.plan import Plan
from ffmill.cli.local.targets import UnsafeName

STDOUT = "-"


class Rooms:
    """Where the outputs of a plan come down to."""

    def __init__(self, plan: Plan, root: Path, scratch: Path, names: Iterable[str]) -> None:
        self._plan = plan
        self._root = root
        self._scratch = scratch
        self._places = {name: plan.places.of(name) for name in names}
        for name, place in self._places.items():
            if not plan.places.may_replace(name) and (root / place).exists():
                raise UnsafeName(f"the output {name!r} would overwrite {place}, which the command does not name")

    @property
    def paths(self) -> Mapping[str, Path]:
        """By name, where to download to; the directories are made that FFmpeg itself would have made."""
        paths = {
            name: self._scratch / name if self._waits(name) else target_of(self._root / self._places[name])
            for name in self._places
        }
        for path in paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        return paths

    def settle(self) -> list[str]:
        """Once all is down: lists get local names, standard output gets what is its own; all local paths."""
        for name, place in self._places.items():
            if place != STDOUT and self._waits(name):
                data = self._plan.places.text(name, (self._scratch / name).read_bytes(), self._places)
                _write(target_of(self._root / place), data)
        for name in self._plan.to_stdout:
            with (self._scratch / name).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
        return [place for place in self._places.values() if place != STDOUT]

    def _waits(self, name: str) -> bool:
        return self._places[name] == STDOUT or self._plan.places.is_list(name)


def target_of(path: Path) -> Path:
    """What is written by that path: links are followed, as FFmpeg follows them."""
    return Path(os.path.realpath(path))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name[-100:]}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
