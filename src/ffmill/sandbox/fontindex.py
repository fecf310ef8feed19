"""Indexes the fonts of a root, so that no job has to: 5 ms a job with our own, 12 with a dozen more, and growing."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ffmill.sandbox import root
from ffmill.sandbox.bwrap import Walls, argv

SECONDS = 120
DRAW = "-nostdin -v error -f lavfi -i color=s=16x16 -frames:v 1 -vf drawtext=text=x -f null -"


def build(walls: Walls, new: Path) -> None:
    """Lets ffmpeg's own fontconfig write the index, by drawing a letter in a cage whose index is not read-only.

    Runs as the worker's own user. Where it does not work, jobs index the fonts themselves, each in its own /tmp.
    """
    index = new / str(root.FONT_INDEX)[1:]
    with tempfile.TemporaryDirectory(dir=new.parent) as empty:
        inside = argv(walls, work=Path(empty), inputs=Path(empty), tmp=Path(empty))
        inside[-2:] = ["--bind", str(index), str(root.FONT_INDEX), "--", "/ffmpeg", *DRAW.split()]
        _draw(inside, root.environment(new))
    _open_to_all(index)


def build_plainly(ffmpeg: Path, environment: Mapping[str, str], index: Path) -> None:
    """The same without a cage, by a configuration that the environment names, for a directory that it names."""
    _draw([str(ffmpeg), *DRAW.split()], environment)
    index.chmod(0o755)
    _open_to_all(index)


def _draw(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):  # what is wrong with the program is for others to say
        subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=SECONDS
        )


def _open_to_all(index: Path) -> None:
    for path in index.iterdir():
        path.chmod(0o644)
