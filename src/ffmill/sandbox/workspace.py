"""The directory of one attempt: its inputs, and the directory in which its commands run."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Where one attempt works.

    root/        0700, the slot's user's
      inputs/    the worker's; read-only in the cage, at /job/inputs
      work/      the slot's user's; the job's directory, in the cage at /job
        inputs   where inputs/ is bound, or a link to it where there is no cage
        outputs/
    """

    root: Path
    inputs: Path
    work: Path
    slot: int
    uid: int | None = None  # the slot's user; None for the worker's own

    def write(self, name: str, text: str) -> None:
        """Makes a file in `inputs/`, or makes it anew, where commands can read and not write."""
        path = self.inputs / name
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)


def make(root: Path, *, slot: int, uid: int | None, caged: bool) -> Workspace:
    """A fresh workspace in a directory that does not exist yet."""
    workspace = Workspace(root=root, inputs=root / "inputs", work=root / "work", slot=slot, uid=uid)
    for directory in (root, workspace.work):
        directory.mkdir(mode=0o700)
    workspace.inputs.mkdir(mode=0o755)
    (workspace.work / "outputs").mkdir(mode=0o755)
    if caged:
        (workspace.work / "inputs").mkdir(mode=0o755)
    else:
        (workspace.work / "inputs").symlink_to("../inputs")
    if uid is not None:
        for directory in (root, workspace.work, workspace.work / "outputs"):
            os.chown(directory, uid, uid)
    return workspace
