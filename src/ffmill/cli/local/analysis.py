"""Reads a local ffmpeg command as FFmpeg does, and makes a plan of it."""

from collections.abc import Sequence

from ffmill.cli.local import stops
from ffmill.cli.local.files import Files
from ffmill.cli.local.named import Named
from ffmill.cli.local.outputs import Outputs, home_of, is_standard_output
from ffmill.cli.local.passes import Passes
from ffmill.cli.local.plan import OURS, Aim, Plan
from ffmill.cli.local.sources import Sources, is_standard_input
from ffmill.cli.local.speech import speech
from ffmill.cli.local.targets import Targets
from ffmill.cli.local.uploads import Uploads
from ffmill.cli.local.wording import Wording
from ffmill.jobs import options
from ffmill.jobs.options import DEVICES, Line

_LOOKING = (
    "-t",
    "0",
    "-f",
    "null",
    "-",
)  # for a command without an output: FFmpeg gets as far as to tell of its inputs

_MOST_INPUTS = 1_000  # of a job


def analyse(argv: Sequence[str], files: Files) -> Plan:
    """The plan of the command whose words after `ffmpeg` are `argv`; raises Stop where FFmpeg would not begin."""
    line = options.read(argv)
    if line.inputs and line.inputs[-1].path == "" and argv[-1] == "-i":
        raise stops.missing_argument("i")
    uploads, targets = Uploads(files), Targets(home_of(line))
    sources, outputs, passes = Sources(files, uploads), Outputs(files, targets), Passes(files, uploads, targets)
    named = Named(files, uploads, targets, sources=sources, outputs=outputs, passes=passes)
    wording, aim, told = Wording(argv), _aim(line), speech(line)
    _word_options(line, argv, named, wording)
    _word_inputs(line, sources, named, wording)
    _word_outputs(line, argv, outputs, passes, wording)
    _check_same(line, outputs)
    if len(uploads.inputs) > _MOST_INPUTS:
        raise stops.too_many_inputs(len(uploads.inputs), _MOST_INPUTS)
    looking = _LOOKING if aim is Aim.LOOK else ()
    return Plan(
        typed=tuple(argv),
        argv=(*told.words, *wording.words(), *looking),
        origins=(*[OURS] * len(told.words), *wording.origins(), *[OURS] * len(looking)),
        inputs=uploads.inputs,
        output_files=targets.output_files,
        places=targets.places,
        strays=tuple(sources.strays),
        to_stdout=tuple(outputs.to_stdout),
        tells_progress=any(one.name == "progress" and is_standard_output(one.value) for one in line.options),
        claims=tuple(outputs.claims),
        overwrite=_overwrite(line),
        asks=_asks(line),
        speech=told,
        aim=aim,
    )


def _aim(line: Line) -> Aim:
    if line.answers:
        return Aim.ANSWER
    return Aim.WRITE if line.outputs else Aim.LOOK


def _word_options(line: Line, argv: Sequence[str], named: Named, wording: Wording) -> None:
    for option in line.options:
        new = named.option(option, argv[option.at])
        if new is not None:
            wording.put(option.at, *new)
            if option.value:
                wording.put(option.at + 1)


def _word_inputs(line: Line, sources: Sources, named: Named, wording: Wording) -> None:
    for file in line.inputs:
        if file.last("f") == "lavfi":
            wording.put(file.at, named.graph(file.path))
        elif file.last("f") not in DEVICES:
            before, word = sources.of(file)
            wording.put(file.at - 1, *before, "-i")
            wording.put(file.at, word)


def _word_outputs(line: Line, argv: Sequence[str], outputs: Outputs, passes: Passes, wording: Wording) -> None:
    for file in line.outputs:
        before, word = outputs.of(file)
        wording.put(file.at, *passes.of(file), *before, word)
        if argv[file.at - 1 : file.at] == ["--"]:
            wording.put(file.at - 1)


def _overwrite(line: Line) -> bool | None:
    answers = {option.name for option in line.options if option.name in ("y", "n")}
    if answers == {"y", "n"}:
        raise stops.both_answers(line.outputs[-1].path if line.outputs else "")
    return "y" in answers if answers else None


def _asks(line: Line) -> bool:
    said = [option.name for option in line.options if option.name in ("stdin", "nostdin")]
    return said[-1:] != ["nostdin"] and not any(is_standard_input(file.path) for file in line.inputs)


def _check_same(line: Line, outputs: Outputs) -> None:
    inputs = [file.path for file in line.inputs]
    for path in outputs.claims:
        if path in inputs:
            raise stops.same_file(path, inputs.index(path))
