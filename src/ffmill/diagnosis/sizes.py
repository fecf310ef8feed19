"""Makes the size of a picture even where a command sets it."""

import re

from ffmill.diagnosis.case import Scene
from ffmill.jobs.mending import Word
from ffmill.jobs.options import Option

_SCALE = re.compile(
    r"(?P<before>(?:^|[,;\]])\s*scale=(?:w=|width=)?)(?P<width>-?\d+)(?P<between>[:x](?:h=|height=)?)(?P<height>-?\d+)(?![\w.*/+-])"
)
_SIZE = re.compile(r"(?P<width>\d+)[x*](?P<height>\d+)")


def evened(scene: Scene) -> tuple[Word, ...] | None:
    """The command with the last size that it sets made even; None where it sets none in plain numbers."""
    sized = [option for option in scene.options("s") if _SIZE.fullmatch(option.value)]
    if len(sized) == 1:
        width, height = re.split(r"[x*]", sized[0].value)
        return scene.draft().replace(sized[0].at + 1, f"{_even(width)}x{_even(height)}").words
    graphs = [option for option in scene.options("vf", "filter", "filter_complex", "lavfi") if "scale" in option.value]
    return _scaled(scene, graphs[0]) if len(graphs) == 1 else None


def _scaled(scene: Scene, graph: Option) -> tuple[Word, ...] | None:
    found = list(_SCALE.finditer(graph.value))
    if len(found) != graph.value.count("scale="):
        return None
    text = _SCALE.sub(
        lambda one: f"{one['before']}{_even(one['width'])}{one['between']}{_even(one['height'])}", graph.value
    )
    return scene.draft().replace(graph.at + 1, text).words if text != graph.value else None


def _even(number: str) -> str:
    """-1, which keeps the picture's shape, is -2 where the result must be even."""
    value = int(number)
    if value == -1:
        return "-2"
    return str(value + value % 2 if value < 100_000 else value - value % 2)
