"""The environment of programs under test."""

import os


def plain_environment() -> dict[str, str]:
    """Ours without settings of ffmill."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FFMILL_")}
