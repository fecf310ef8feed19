"""Fuzzes all targets with ever new examples for FFMILL_FUZZ_SECONDS (600): `make fuzz`. Exits 1 on a failure."""

import importlib
import os
import sys
import warnings
from pathlib import Path

import typer

from tests.fuzz.rounds import Rounds
from tests.fuzz.target import TARGETS


def main() -> None:
    """Fuzzes as the environment says."""
    warnings.simplefilter("error")
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.fuzz.{file.stem}")
    seconds = float(os.environ.get("FFMILL_FUZZ_SECONDS") or 600)
    typer.echo(f"fuzzing {len(TARGETS)} targets for {seconds:g} s (FFMILL_FUZZ_SECONDS)")
    sys.exit(0 if Rounds(targets=TARGETS).run(seconds, typer.echo) else 1)


if __name__ == "__main__":
    main()
