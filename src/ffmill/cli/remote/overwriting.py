"""Whether outputs that are there already may be overwritten: as FFmpeg asks, and in its words."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from ffmill.cli.local import stops
from ffmill.cli.local.plan import Plan

Ask = Callable[[str], Awaitable[str]]


def is_open(plan: Plan, root: Path) -> bool:
    """Whether an output is there already, and the command does not say what then."""
    return not plan.overwrite and any((root / path).exists() for path in plan.claims)


async def check(plan: Plan, root: Path, *, ask: Ask) -> None:
    """Raises Stop where an output is there already and is not to be overwritten."""
    if plan.overwrite:
        return
    for path in plan.claims:
        if not (root / path).exists():
            continue
        if plan.overwrite is False or not plan.asks:
            raise stops.already_exists(path)
        answer = await ask(f"File '{path}' already exists. Overwrite? [y/N] ")
        if not answer.strip().lower().startswith("y"):
            raise stops.not_overwriting(path)
