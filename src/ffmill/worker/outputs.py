"""The outputs of an attempt: found among what the commands wrote, and kept in the store."""

import errno
import os
import stat
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice

from ffmill.errors import FailureCode, LimitExceeded, OutputMissing
from ffmill.jobs import names
from ffmill.jobs.model import Job, Output
from ffmill.sandbox.workspace import Workspace
from ffmill.store import prefixes
from ffmill.store.store import Source, Store
from ffmill.threads import in_thread
from ffmill.worker.patience import patiently

MOST = 10_000
SHOWN = 20
SEARCH_SECONDS = 20  # ten patterns and 100,000 files take a fraction of one
FINDER = ThreadPoolExecutor(1, thread_name_prefix="outputs")  # one, since only one thread runs Python at a time
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NO_DIRECTORY = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES)  # gone, a file, a link, closed to us


async def keep(
    job: Job, workspace: Workspace, store: Store, told: Callable[[Output], None] = lambda _: None
) -> tuple[Output, ...]:
    """Moves the listed outputs into the store; raises OutputMissing, LimitExceeded, Unavailable.

    Their keys hold the attempt: what a lost attempt kept is never published. `told` hears of each that is there, in
    their order.
    """
    with opened(workspace) as directories:
        found = await _found(job, directories, workspace.uid)
        keys = {name: f"{prefixes.of_attempt(job.id, job.attempt)}{name}" for name in found}
        files = {keys[name]: source for name, source in found.items()}
        stored = _in_order(keys, told)
        # a store on disk may have moved them away before it failed
        sizes = await patiently(
            lambda: store.put_files(files, stored), can_go_on=lambda: all(map(Source.exists, files.values()))
        )
    return tuple(Output(name=name, key=key, bytes=sizes[key]) for name, key in keys.items())


def _in_order(keys: Mapping[str, str], told: Callable[[Output], None]) -> Callable[[str, int], None]:
    """Takes keys and sizes as they come, tells of outputs in the order of `keys`: how many were told says which."""
    waiting, sizes = deque(keys.items()), dict[str, int]()

    def stored(key: str, size: int) -> None:
        sizes[key] = size
        while waiting and waiting[0][1] in sizes:
            name, next_key = waiting.popleft()
            told(Output(name=name, key=next_key, bytes=sizes[next_key]))

    return stored


@contextmanager
def opened(workspace: Workspace) -> Generator[list[int]]:
    """Descriptors of the job's directory and of its `outputs/`, where that still is a directory.

    The commands may have put anything there, a link to a directory of the host too: what is opened here is all that is
    looked at and taken from, never a path.
    """
    with ExitStack() as stack:
        directories = [os.open(workspace.work, DIRECTORY)]
        stack.callback(os.close, directories[0])
        try:
            directories.append(os.open("outputs", DIRECTORY, dir_fd=directories[0]))
        except OSError as error:
            if error.errno not in NO_DIRECTORY:
                raise
        else:
            stack.callback(os.close, directories[1])
        yield directories


async def _found(job: Job, directories: Sequence[int], owner: int | None) -> dict[str, Source]:
    """What `find` gives, beside the loop; cancelled, it leaves when the thread is done with the directories."""
    search = Search()
    return await in_thread(
        FINDER, lambda: find(job.output_files, directories, owner=owner, search=search), stop=search.stop
    )


class Search:
    """Bounds a search: patterns and names by the thousand, chosen to fit badly, would keep a core at work for hours."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end: float | None = None

    def stop(self) -> None:
        """Ends the search, whose result nobody waits for any more."""
        self._end = float("-inf")

    def go_on(self) -> None:
        """Raises LimitExceeded when it has taken too long; counted from the first call."""
        if self._end is None:
            self._end = self._clock() + SEARCH_SECONDS
        if self._clock() > self._end:
            raise LimitExceeded(
                f"the outputs were not found within {SEARCH_SECONDS} s: fewer or simpler patterns, or fewer files",
                FailureCode.FILE_LIMIT,
            )


def find(listed: Sequence[str], directories: Sequence[int], *, owner: int | None, search: Search) -> dict[str, Source]:
    """The file of each listed output, those of a pattern under their own names.

    What lies in a later directory goes before what lies in an earlier one. Only regular files that were made in this
    attempt count, and by the `owner` where there is one: never a link, neither symbolic nor hard.
    """
    written = {name: source for directory in directories for name, source in _files(directory, owner)}
    there = sorted(written)
    found: dict[str, Source] = {}
    for entry in listed:
        matched = False
        for name in [entry] if entry in written else _matching(entry, there, search):
            matched = True
            found[name] = written[name]
            if len(found) > MOST:
                raise LimitExceeded(
                    f"the commands wrote more files that were asked for than the most, {MOST:,}",
                    FailureCode.FILE_LIMIT,
                )
        if not matched:
            raise OutputMissing(_missing(entry, there))
    return found


def _matching(entry: str, there: Sequence[str], search: Search) -> Iterator[str]:
    """The names that the pattern matches, of those that are there, sorted."""
    if not names.is_pattern(entry):
        return
    search.go_on()
    head, tail = names.literal_ends(entry)
    for name in islice(there, bisect_left(there, head), None):
        if not name.startswith(head):
            return
        if name.endswith(tail):
            search.go_on()
            if names.matches(entry, name):
                yield name


def _files(directory: int, owner: int | None) -> Iterator[tuple[str, Source]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            facts = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and owner in (None, facts.st_uid):
                yield entry.name, Source(entry.name, directory)


def _missing(entry: str, there: Sequence[str]) -> str:
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    listed = ", ".join(there[:SHOWN]) + more if there else "none"
    what = (
        f'no file matches the output "{entry}"' if names.is_pattern(entry) else f'the output "{entry}" was not written'
    )
    return f"{what}, although every command succeeded; files that were written: {listed}"
