"""Which filters stand in a filter graph (FFmpeg documentation, "Filtergraph syntax")."""

import re
from collections.abc import Iterator

_FILTER = re.compile(
    r"""[\s;,]*+ (?:\[[^\]]*+\]\s*+)*+          # the labels of its inputs
        (?P<name>\w++) (?:@\w++)? \s*+
        (?:=(?P<arguments>(?:[^\\',;\[]++|\\.|'[^']*+'?)*+))?
        (?:\[[^\]]*+\]\s*+)*+                   # the labels of its outputs""",
    re.VERBOSE | re.DOTALL,
)


def filters(graph: str) -> Iterator[tuple[str, str]]:
    """The name and the arguments (still quoted and escaped) of each filter; ends early where the graph is malformed."""
    at = 0
    while found := _FILTER.match(graph, at):
        yield found["name"], found["arguments"] or ""
        at = found.end()
