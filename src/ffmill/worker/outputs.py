"""The outputs of an attempt: found among what the commands wrote, and kept in the store."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ffmill.errors import LimitExceeded, OutputMissing
from ffmill.jobs import names
from ffmill.jobs.model import Job, Output
from ffmill.sandbox.workspace import Workspace
from ffmill.store.store import Store
from ffmill.worker.patience import patiently

MOST = 10_000
SHOWN = 20


async def keep(job: Job, workspace: Workspace, store: Store) -> tuple[Output, ...]:
    """Moves the listed outputs into the store; raises OutputMissing, LimitExceeded, Unavailable.

    Their keys hold the attempt: what a lost attempt kept is never published.
    """
    found = find(job.output_files, workspace)
    keys = {name: f"outputs/{job.id}/{job.attempt}/{name}" for name in found}
    files = {keys[name]: path for name, path in found.items()}
    # a store on disk may have moved them away before it failed
    sizes = await patiently(lambda: store.put_files(files), can_go_on=lambda: all(map(Path.exists, files.values())))
    return tuple(Output(name=name, key=key, bytes=sizes[key]) for name, key in keys.items())


def find(listed: Sequence[str], workspace: Workspace) -> dict[str, Path]:
    """The file of each listed output, those of a pattern under their own names.

    What lies in `outputs/` goes before what was written beside it. Only regular files that were made in this attempt
    count: never a link, neither symbolic nor hard.
    """
    written = dict(_files(workspace.work)) | dict(_files(workspace.work / "outputs"))
    found: dict[str, Path] = {}
    for entry in listed:
        matched = {entry: written[entry]} if entry in written else _matching(entry, written)
        if not matched:
            raise OutputMissing(_missing(entry, written))
        found |= matched
    if len(found) > MOST:
        raise LimitExceeded(f"the commands wrote {len(found)} files that were asked for; the most is {MOST}")
    return found


def _matching(entry: str, written: Mapping[str, Path]) -> dict[str, Path]:
    if not names.is_pattern(entry):
        return {}
    return {name: written[name] for name in sorted(written) if names.matches(entry, name)}


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return
    for entry in entries:
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            yield entry.name, Path(entry.path)


def _missing(entry: str, written: Mapping[str, Path]) -> str:
    there = sorted(written)
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    listed = ", ".join(there[:SHOWN]) + more if there else "none"
    what = (
        f'no file matches the output "{entry}"' if names.is_pattern(entry) else f'the output "{entry}" was not written'
    )
    return f"{what}, although every command succeeded; files that were written: {listed}"
