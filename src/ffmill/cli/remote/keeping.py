"""Brings outputs down to where they belong; where that fails, says how to get them from the job, which is done."""

import asyncio
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ffmill.cli.local.plan import Plan
from ffmill.cli.local.stops import Stop, exit_code_of
from ffmill.cli.local.targets import UnsafeName
from ffmill.cli.remote import transfers
from ffmill.cli.remote.bars import Bars
from ffmill.cli.remote.coming_down import Rooms
from ffmill.client import AsyncFfmill, Job

_REFUSED = 1


async def keep(client: AsyncFfmill, plan: Plan, root: Path, scratch: Path, job: Job) -> list[str]:
    """Brings down what a plan's job has written; all local paths. Raises Stop where it cannot be kept."""
    if not plan.output_files:
        return []
    with explained(job, root):
        rooms = Rooms(plan, root, scratch, job.output_files)
        await transfers.download(client, job, rooms.paths, Bars("down", silent=not plan.speech.stats))
        return rooms.settle()


@contextmanager
def explained(job: Job, directory: Path) -> Generator[None]:
    """Says how to get the outputs of a job when that is interrupted; raises Stop where they cannot be written."""
    how = f"the job has {job.status}, and its outputs come down by: ffmill jobs download {job.id}"
    try:
        yield
    except asyncio.CancelledError:
        sys.stderr.write(f"\n{how}\n")
        raise
    except UnsafeName as error:
        raise Stop((f"{error.message}; {how}",), _REFUSED) from error
    except OSError as error:
        where = Path(error.filename).parent if error.filename else directory
        raise Stop((f"{where}: {error.strerror or error}; {how}",), exit_code_of(error)) from error
