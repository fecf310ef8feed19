"""Labels of filter graphs: made and not taken, taken and not made, or taken twice."""

import re
from collections.abc import Iterator
from itertools import islice

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import graphs_with, is_open, swapped
from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode

_BAD = FailureCode.BAD_FILTER_GRAPH
_LABELS = 20  # of them are looked at


def _no_label(clue: Clue) -> Finding:
    """-map of a label that no graph has, or that is used already."""
    scene, label = clue.scene, clue["label"]
    if any(is_open(option.value) for option in graphs_with(scene, "'")):
        return Finding(
            code=_BAD,
            summary=f"a quote ' in the filter graph is not closed, so that [{label}] is read as text",
            hint="close it; for an apostrophe in a text, end the quotes before it and write \\\\\\' there, "
            "or draw the text of a file: drawtext=textfile={{text.txt}}",
        )
    if re.fullmatch(r"\d+(?::[\w:]+)?\??", label):
        return _own_stream(scene, label)
    mapped = [option.value.strip("[]") for option in scene.options("map")]
    labels = [one for one in _labels(scene) if one not in mapped]
    if mapped.count(label) > 1 or (label not in labels and any(graphs_with(scene, f"[{label}]"))):
        return _taken(label, labels)
    if not list(scene.options("filter_complex", "lavfi")):
        hint = "write the -filter_complex that makes it, or -map 0:v for the input's own stream"
        return Finding(code=_BAD, summary=f"-map asks for [{label}], and the command has no -filter_complex", hint=hint)
    near = nearest(label, labels)
    sure = labels[0] if len(labels) == 1 else near.sure
    draft = scene.draft()
    for option in scene.options("map"):
        if option.value == f"[{label}]" and sure and sure != label:
            draft.replace(option.at + 1, f"[{sure}]")
    return Finding(
        code=_BAD,
        summary=f"no filter graph ends in [{label}], or it is used twice",
        hint=f"the labels that the graph ends in: {', '.join(f'[{one}]' for one in labels)}"
        if labels
        else f"write [{label}] at the end of the graph, after the last filter",
        mended=draft.words if sure and sure != label and len(set(labels)) == len(labels) else None,
    )


def _own_stream(scene: Scene, label: str) -> Finding:
    """`-map [0:a]`."""
    draft = scene.draft()
    for option in scene.options("map"):
        if re.fullmatch(r"\[\d+(?::[\w:]+)?\??\]", option.value):
            draft.replace(option.at + 1, option.value[1:-1])
    return Finding(
        code=_BAD,
        summary=f"[{label}] in brackets is a label of a filter graph, and no graph makes it",
        hint=f"write -map {label} for the input's own stream",
        mended=draft.words,
    )


def _taken(label: str, free: list[str]) -> Finding:
    others = f"; {', '.join(f'[{one}]' for one in free)} is not mapped yet" if free else ""
    return Finding(
        code=_BAD,
        summary=f"[{label}] is used twice, and what a filter makes can be used once",
        hint=f"write ,split[{label}][again] (asplit for sound) where it is made, and take each once{others}",
    )


def _misspelled_label(scene: Scene, label: str) -> Finding | None:
    """`[Logo]` of a graph that makes [logo]: what is made goes nowhere, and what is taken is made by none."""
    graphs = list(graphs_with(scene, f"[{label}]"))
    used = {one for option in graphs for one in re.findall(r"\[(\w+)\]", option.value)}
    others = [one for one in used if one != label and graphs[0].value.count(f"[{one}]") == 1 and not one.isdigit()]
    near = nearest(label, set(others) - set(_labels(scene))).sure
    if near is None:
        return None
    return Finding(
        code=_BAD,
        summary=f"a filter takes [{near}], and what is made is [{label}]",
        hint=f"write [{label}] in place of [{near}]",
        mended=swapped(scene, f"[{near}]", f"[{label}]"),
    )


def _labels(scene: Scene) -> list[str]:
    """The labels at the ends of all complex graphs that no filter takes."""
    graphs = [option.value for option in graphs_with(scene, "]")][:_LABELS]
    ends = [label for graph in graphs for label in islice(_ends(graph), _LABELS)]
    return [label for label in ends if sum(graph.count(f"[{label}]") for graph in graphs) == 1]


def _ends(graph: str) -> Iterator[str]:
    """The labels after the last filter of each chain."""
    for chain in graph.split(";"):
        ending = chain.rstrip()
        while ending.endswith("]") and (start := ending.rfind("[")) > 0:
            yield ending[start + 1 : -1]
            ending = ending[:start].rstrip()


def _unconnected(clue: Clue) -> Finding:
    label, scene = clue["label"], clue.scene
    if label and (misspelled := _misspelled_label(scene, label)):
        return misspelled
    name = clue["name"].partition(":")[0]
    outputs = scene.line.outputs
    mended = None
    free = _labels(scene)
    if label in free and len(outputs) == 1 and not any(scene.options("map")):
        maps = [f"[{one}]" for one in free] if len(free) > 1 else [f"[{label}]", "0:a?"]
        mended = scene.draft().insert(outputs[0].at, *(word for one in maps for word in ("-map", one))).words
    return Finding(
        code=_BAD,
        summary=f"what the filter {name} makes{f', [{label}],' if label else ''} goes nowhere",
        hint=f"write -map [{label}] before the output, or use [{label}] in the graph"
        if label
        else "every output of a filter needs a label that a -map or another filter takes",
        mended=mended,
    )


def _open_label(clue: Clue) -> Finding:
    graphs = [option for option in clue.scene.line.options if option.value.endswith(clue["place"])]
    sure = len(graphs) == 1 and re.fullmatch(r"\[\w+", clue["place"]) is not None
    return Finding(
        code=_BAD,
        summary=f"a label of the filter graph is not closed, near {clue['place']}",
        hint="write ] after the label",
        mended=clue.scene.draft().replace(graphs[0].at + 1, graphs[0].value + "]").words if sure else None,
    )


RULES = (
    Rule(r"Output with label '(?P<label>.*?)' does not exist in any defined filter graph", _no_label),
    Rule(r"Filter '(?P<name>[\w:@]+)' has output \d+ \((?P<label>[^)]*)\) unconnected", _unconnected),
    Rule(r"Filter (?P<name>[\w@]+)(?::\w+)? has an unconnected output", _unconnected),
    Rule(r"Mismatched '\[' found in the following: \"(?P<place>.*)\"", _open_label),
    Rule(
        r"Bad \(empty\?\) label found in the following: \"(?P<place>.*)\"",
        Says(_BAD, "a label of the filter graph is empty, near {place}", "write a name between [ and ]"),
    ),
)
