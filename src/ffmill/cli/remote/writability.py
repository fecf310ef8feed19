"""Whether outputs can be written where they belong, before anything goes up."""

import os
import tempfile
from pathlib import Path

from ffmill.cli.local import stops
from ffmill.cli.local.plan import Plan

_STDOUT = "-"


def check(plan: Plan, root: Path) -> None:
    """Raises Stop where an output surely cannot be written."""
    places = [place for place in plan.places.known.values() if place != _STDOUT]
    for place in places:
        path = root / place
        if path.is_dir():
            raise stops.is_a_directory(place)
        if path.exists() and not os.access(path, os.W_OK):
            raise stops.not_permitted(place)
    directories = {_home(root / place): place for place in places}
    directories |= {root / one: one for one in plan.places.directories.values() if (root / one).is_dir()}
    for directory, place in directories.items() if plan.output_files else ():
        try:
            with tempfile.TemporaryFile(dir=directory, prefix=".ffmill-"):
                pass
        except OSError as error:
            raise stops.unwritable(place, error) from error


def _home(path: Path) -> Path:
    return Path(os.path.realpath(path)).parent
