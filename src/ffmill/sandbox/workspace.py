"""The directory of one attempt: its inputs, and the directory in which its commands run."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

INPUTS, WORK, TMP = "inputs", "work", "tmp"
FONT_INDEX = "fontconfig"  # in tmp/: for fonts that the host got since; ffmpeg's fontconfig does not make it itself
MOST_NAMED = 100_000  # files looked at for the largest


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Where one attempt works.

    root/        0700, the slot's user's
      inputs/    the worker's; read-only in the cage, at /job/inputs
      work/      the slot's user's; the job's directory, in the cage at /job
        inputs   where inputs/ is bound, or a link to it where nothing can be
        outputs/
      tmp/       the slot's user's; /tmp in a cage that has one
    """

    root: Path
    slot: int
    uid: int | None = None  # the slot's user; None for the worker's own

    @property
    def inputs(self) -> Path:
        """Where the inputs are."""
        return self.root / INPUTS

    @property
    def work(self) -> Path:
        """Where the commands run."""
        return self.root / WORK

    @property
    def tmp(self) -> Path:
        """Where commands put what is of no use to anybody."""
        return self.root / TMP

    def write(self, name: str, text: str) -> None:
        """Makes a file in `inputs/`, or makes it anew, where commands can read and not write."""
        path = self.inputs / name
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)

    def largest(self) -> str | None:
        """The name of the largest file in the job's directory and in `outputs/`, by what it takes on disk."""
        sizes = dict(_sizes(self.work)) | dict(_sizes(self.work / "outputs"))
        return max(sizes, key=lambda name: sizes[name], default=None)


def _sizes(directory: Path) -> Iterator[tuple[str, int]]:
    """Blocks of each file; a link, which a command may have put in a directory's place, leads nowhere."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        with os.scandir(descriptor) as entries:
            for entry in islice(entries, MOST_NAMED):
                if entry.is_file(follow_symlinks=False):
                    yield entry.name, os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False).st_blocks
    except OSError:  # it vanished meanwhile
        return
    finally:
        os.close(descriptor)


def make(root: Path, *, slot: int, uid: int | None, bound: bool) -> Workspace:
    """A fresh workspace in a directory that does not exist yet; `bound`: whether its inputs are bound into work/."""
    workspace = Workspace(root=root, slot=slot, uid=uid)
    for directory in (root, workspace.work, workspace.tmp):
        directory.mkdir(mode=0o700)
    workspace.inputs.mkdir(mode=0o755)
    (workspace.work / "outputs").mkdir(mode=0o755)
    (workspace.tmp / FONT_INDEX).mkdir(mode=0o700)
    if bound:
        (workspace.work / "inputs").mkdir(mode=0o755)
    else:
        (workspace.work / "inputs").symlink_to("../inputs")
    if uid is not None:
        for directory in (root, workspace.work, workspace.work / "outputs", workspace.tmp, workspace.tmp / FONT_INDEX):
            os.chown(directory, uid, uid)
    return workspace
