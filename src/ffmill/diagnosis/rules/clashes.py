"""Filtering beside copying, and -vf beside -filter_complex, of one stream."""

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_FILTER_GRAPH


def _copy(clue: Clue) -> Finding:
    """`Filtergraph … was specified, but codec copy was selected`, and the same of a complex graph."""
    return Finding(
        code=FailureCode.FILTER_WITH_COPY,
        summary="a stream is to be filtered and copied at once; a filtered stream has to be encoded again",
        hint="leave -c copy out for that stream (FFmpeg then chooses an encoder), or leave the filter out",
        mended=_encoding(clue),
    )


def _encoding(clue: Clue) -> tuple[Word, ...] | None:
    scene = clue.scene
    context = next((one for one in clue.line.contexts if one[:5] in ("vost#", "aost#")), "")
    output = scene.output(int(context[5:].partition(":")[0])) if context[5:6].isdigit() else scene.output()
    if output is None or not context:
        return None
    kind, other = context[0], "a" if context[0] == "v" else "v"
    draft = scene.draft()
    for option in output.options:
        if option.name in ("c", "codec", f"{kind}codec") and option.value == "copy":
            word = scene.argv[option.at]
            if word in ("-c", "-codec"):
                draft.replace(option.at, f"{word}:{other}")
            elif word.partition(":")[2] in ("", kind):
                draft.drop(option.at, 2)
    return draft.words


def _both(clue: Clue) -> Finding:
    """-vf for a stream that comes out of -filter_complex."""
    scene, graph = clue.scene, clue["graph"]
    simple = [option for option in scene.options("vf", "af", "filter") if option.value == graph]
    complexes = list(scene.options("filter_complex", "lavfi"))
    mended = None
    if len(simple) == 1 and len(complexes) == 1:
        label = _mapped_label(scene)
        whole = complexes[0].value.rstrip().removesuffix(";")
        if label and whole.endswith(f"[{label}]"):
            inner = whole.removesuffix(f"[{label}]")
            draft = scene.draft().replace(complexes[0].at + 1, f"{inner},{graph}[{label}]")
            mended = draft.drop(simple[0].at, 2).words
    return Finding(
        code=_BAD,
        summary=f"the stream that -filter_complex makes is to be filtered by {shown(graph)} besides",
        hint=f"write {shown(',' + graph)} into the -filter_complex, before its last label, and leave the other out",
        mended=mended,
    )


def _mapped_label(scene: Scene) -> str | None:
    maps = [option.value for option in scene.options("map") if option.value.startswith("[")]
    return maps[0].strip("[]") if len(maps) == 1 else None


RULES = (
    Rule(r"Filtergraph '.*' was (?:specified,|defined for \w+ output stream \S+) but codec copy was selected", _copy),
    Rule(r"Streamcopy requested for output stream.* fed from a complex filtergraph", _copy),
    Rule(
        r"\S+ '(?P<graph>.*)' was specified (?:for a stream|through the .* option for output stream .* which is) "
        r"fed from a complex filtergraph",
        _both,
    ),
)
