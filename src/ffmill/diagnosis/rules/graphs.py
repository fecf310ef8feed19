"""Filter graphs that are not connected, or beside -c copy or another graph."""

import re

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import swapped
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_FILTER_GRAPH
_KINDS = {"v": "video", "a": "audio"}


def _unfed(clue: Clue) -> Finding:
    kind, name = clue["kind"] or "video", clue["filter"].partition(":")[0]
    if alone := _only_input(clue.scene, name, f"[0:{kind[0]}]"):
        return alone
    return Finding(
        code=_BAD,
        summary=f"the filter {name} needs one more input of {kind}, and there is none",
        hint=f"give it all its inputs as labels before it, as [0:{kind[0]}][1:{kind[0]}]{name}, "
        "add the -i that is missing, or lower its number of inputs",
    )


def _only_input(scene: Scene, name: str, label: str) -> Finding | None:
    """`showwaves` of the only input: FFmpeg gives it no stream that goes into the output by itself."""
    shape = scene.build.lists.filters.get(name, "") if scene.build else ""
    graphs = list(scene.options("filter_complex", "lavfi"))
    if not re.match(r"[VA]->[VAN]$", shape) or len(scene.line.inputs) != 1 or len(graphs) != 1:
        return None
    graph = graphs[0]
    sure = graph.value.startswith(name)
    return Finding(
        code=_BAD,
        summary=f"the filter {name} does not say which stream it takes",
        hint=f"write {label} before it: {label}{name}",
        mended=scene.draft().replace(graph.at + 1, label + graph.value).words if sure else None,
    )


def _too_many(clue: Clue) -> Finding:
    way, name = clue["way"], clue["filter"]
    count = clue["given"]
    ways = f"{name}=inputs={count}" if way == "input" else f"{name}={count}"
    hint = {
        "concat": "n is the number of pieces, v and a the streams that each has: give n×(v+a) labels before it and "
        "v+a after it"
    }.get(
        name,
        f"leave labels out, or write {ways}"
        if name in ("amix", "amerge", "hstack", "vstack", "xstack", "mix", "split", "asplit")
        else "leave labels out",
    )
    return Finding(
        code=_BAD,
        summary=f"the filter {name} has {clue['has']} {way}{'s' if clue['has'] != '1' else ''}, and {count} labels are "
        f"written {'before' if way == 'input' else 'after'} it",
        hint=hint,
        mended=_counted(clue.scene, name, clue["has"], count) if way == "input" else None,
    )


def _counted(scene: Scene, name: str, has: str, given: str) -> tuple[Word, ...] | None:
    if name not in ("amix", "amerge", "hstack", "vstack", "xstack"):
        return None
    was, now = f"{name}=inputs={has}", f"{name}=inputs={given}"
    graphs = [option for option in scene.options("filter_complex", "lavfi") if option.value.count(was) == 1]
    if len(graphs) != 1:
        return None
    return scene.draft().replace(graphs[0].at + 1, graphs[0].value.replace(was, now)).words


def _no_stream(clue: Clue) -> Finding:
    """A label as [0:a] of an input without sound, or before a filter for the other kind."""
    specifier, graph = clue["specifier"], clue["graph"]
    if specifier and f"[{specifier}]" in graph:
        return Finding(
            code=_BAD,
            summary=f"a filter takes [{specifier}], and no filter of the graph makes it",
            hint=f"write [{specifier}] after the filter that is to make it, or [0:v], [0:a] for a stream of an input",
        )
    kind = _KINDS.get(specifier.strip(":")[:1], "stream")
    return Finding(
        code=FailureCode.STREAM_NOT_FOUND,
        summary=f"a label with {shown(specifier.lstrip(':'))} in the filter graph finds no {kind} for its filter: "
        "the input has none, or the filter is for the other kind",
        hint="leave that label out where the input has no such stream (silence is made by anullsrc), "
        "and give filters for video [0:v], those for sound [0:a]"
        + ("; concat takes its labels in turn, [0:v][0:a][1:v][1:a]" if "concat" in graph else ""),
    )


def _no_input(clue: Clue) -> Finding:
    inputs = len(clue.scene.line.inputs)
    return Finding(
        code=FailureCode.STREAM_NOT_FOUND,
        summary=f"the filter graph names input {clue['index']}, and the command has {_counted_inputs(inputs)}",
        hint="inputs are counted from 0: write [0:v] for the first -i, or add the -i that is missing",
    )


def _counted_inputs(count: int) -> str:
    return "only input 0" if count == 1 else f"only inputs 0 to {count - 1}" if count else "no input"


def _wrong_ends(clue: Clue) -> Finding:
    scene = clue.scene
    inputs = int(clue["inputs"])
    graphs = list(scene.options("vf", "af", "filter"))
    text = "".join(option.value for option in graphs)
    if inputs == 1 and ";" not in text:
        return Finding(
            code=_BAD,
            summary=f"a filter of -vf or -af makes {clue['outputs']} streams, and it has to make one",
            hint="write the graph as -filter_complex with a label for each stream, and -map each label",
        )
    if "palettegen" in text and "paletteuse" in text:
        return Finding(
            code=_BAD,
            summary="paletteuse needs the film and its palette, and there is one stream",
            hint="write split[a][b];[a]palettegen[p];[b][p]paletteuse, after the other filters",
        )
    if ";" in "".join(option.value for option in graphs) or int(clue["outputs"]) > 1:
        draft = scene.draft()
        sure = [option for option in graphs if option.value.count(";") and "[" not in option.value]
        for option in sure:
            draft.replace(option.at + 1, option.value.replace(";", ","))
        return Finding(
            code=_BAD,
            summary="the graph of -vf or -af falls into several; it has to be one chain of filters",
            hint="write a comma between filters, not a semicolon, or use -filter_complex",
            mended=draft.words if sure else None,
        )
    return Finding(
        code=_BAD,
        summary=f"a filter of -vf or -af needs {inputs} inputs, and there is one",
        hint="give the other as -i, and write the graph as -filter_complex, as -filter_complex [0:v][1:v]overlay",
    )


def _wrong_kind(clue: Clue) -> Finding:
    """A filter for sound in -vf, or the other way round."""
    right, wrong = ("-af", "-vf") if clue["made"] == "audio" else ("-vf", "-af")
    scene = clue.scene
    given = [option for option in scene.line.options if scene.argv[option.at] == wrong]
    mended = scene.draft().replace(given[0].at, right).words if len(given) == 1 and right not in scene.argv else None
    return Finding(
        code=_BAD,
        summary=f"the filter is for {clue['made']}, and {wrong} filters {clue['stream']}",
        hint=f"write {right}",
        mended=mended,
    )


def _empty_filter(clue: Clue) -> Finding:
    return Finding(
        code=_BAD,
        summary="a filter is missing in the graph, between two commas or at its end",
        hint="leave the second comma out",
        mended=swapped(clue.scene, ",,", ","),
    )


RULES = (
    Rule(
        r"Cannot find an unused (?P<kind>video|audio) input stream to feed the unlabeled input pad (?P<filter>[\w@]+)",
        _unfed,
    ),
    Rule(
        r"Cannot find a matching stream for unlabeled input pad \d+ on filter "
        r"(?:Parsed_)?(?P<filter>[\w@]+?)(?:_\d+)?$",
        _unfed,
    ),
    Rule(
        r"More (?P<way>input|output) link labels specified for filter '(?P<filter>\w+)' than it has \w+: "
        r"(?P<given>\d+) > (?P<has>\d+)",
        _too_many,
    ),
    Rule(
        r"Stream specifier '(?P<specifier>[^']*)' in filtergraph description (?P<graph>.*?) matches no streams",
        _no_stream,
    ),
    Rule(r"Invalid file index (?P<index>\d+) in filtergraph description", _no_input),
    Rule(
        r"Simple filtergraph '.*' was expected to have exactly 1 input and 1 output\.? .*?"
        r"(?P<inputs>\d+) input\(s\) and (?P<outputs>\d+) output\(s\)",
        _wrong_ends,
    ),
    Rule(r"Filtergraph has an? (?P<made>video|audio) output, cannot connect it to (?P<stream>\w+) output", _wrong_kind),
    Rule(
        r"(?:No filters specified in the graph description|Empty filtergraph)",
        Says(_BAD, "the filter graph is empty", "write a filter, or leave the option out"),
    ),
    Rule(r"No such filter: ''", _empty_filter),
    Rule(
        r"Unable to parse graph description substring: \"?(?P<place>.*?)\"?$",
        Says(
            _BAD,
            "FFmpeg cannot read the filter graph from here on: {place}",
            "separate filters by commas and chains by semicolons; put quotes '…' around values that hold such signs",
        ),
    ),
)
