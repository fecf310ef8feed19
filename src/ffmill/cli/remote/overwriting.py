"""Whether outputs that are there already may be overwritten: as FFmpeg asks, and in its words."""

import sys
from collections.abc import Callable
from pathlib import Path

from ffmill.cli.local import stops
from ffmill.cli.local.plan import Plan

Ask = Callable[[str], str]


def check(plan: Plan, root: Path, *, ask: Ask | None) -> None:
    """Raises Stop where an output is there already and is not to be overwritten; `ask` is None off a terminal."""
    if plan.overwrite:
        return
    for path in plan.claims:
        if not (root / path).exists():
            continue
        if ask is None or plan.overwrite is False:
            raise stops.already_exists(path)
        if not ask(f"File '{path}' already exists. Overwrite? [y/N] ").strip().lower().startswith("y"):
            raise stops.not_overwriting(path)


def terminal() -> Ask | None:
    """Asks on a terminal; None where there is none."""
    return _ask if sys.stdin.isatty() else None


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()
