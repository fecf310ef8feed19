"""From what a failed command said to why it failed, and how to mend it."""

import re
from collections.abc import Iterator

from ffmill.diagnosis.case import Case, Said, Scene
from ffmill.diagnosis.rule import Finding, Rule, first
from ffmill.diagnosis.rules import (
    arguments,
    clashes,
    codecs,
    containers,
    crash,
    encoders,
    files,
    filter_inputs,
    filter_values,
    filters,
    gpu,
    graphs,
    inputs,
    labels,
    options,
    quotes,
    segments,
    sequences,
    settings,
    signs,
    strays,
    streams,
    system,
    values,
)
from ffmill.errors import FailureCode
from ffmill.jobs.command import LONG
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.mending import Word, rewritten

__all__ = ["RULES", "Case", "diagnose"]

RULES: tuple[Rule, ...] = (
    *gpu.RULES,
    *system.RULES,
    *quotes.RULES,
    *options.RULES,
    *files.FIRST,
    *signs.RULES,
    *filters.RULES,
    *filter_values.RULES,
    *filter_inputs.RULES,
    *codecs.RULES,
    *clashes.RULES,
    *labels.RULES,
    *graphs.RULES,
    *strays.RULES,
    *streams.RULES,
    *containers.RULES,
    *encoders.RULES,
    *settings.RULES,
    *arguments.RULES,
    *segments.RULES,
    *values.RULES,
    *sequences.RULES,
    *files.RULES,
    *inputs.RULES,
    *inputs.LAST,
    *encoders.LAST,
)
DETAIL_LINES = 10
# What only says that something has failed before: fftools/ffmpeg_sched.c, ffmpeg_mux.c, ffmpeg_dec.c, ffmpeg_enc.c
_FOLLOWS = re.compile(
    r"Error (?:sending frames to consumers|opening (?:input|output) files?\b|submitting a packet to the muxer|muxing a"
    r"|while opening encoder|selecting an encoder|reinitializing filters|initializing filters|binding|processing filter"
    r"|linking|applying|splitting the argument list|parsing (?:options|global options|a filter|filterchain)|:)"
    r"|Task finished with error|Terminating thread with|Could not open encoder before EOF|Could not write header"
    r"|Nothing was written into output|Conversion failed!|Failed to configure (?:in|out)put pad"
    r"|Pixel formats:| *(?:src|dst): |Link '"
)


def diagnose(case: Case) -> Failure:
    """Why the command failed; what no rule knows is shown as FFmpeg wrote it, never guessed at."""
    scene = Scene(case)
    finding, line = _found(scene)
    return Failure(
        code=finding.code,
        stage=Stage.COMMAND,
        summary=finding.summary,
        detail="\n".join(_telling(scene, line) if line else case.said),
        hint=finding.hint,
        command_index=case.index,
        exit_code=case.exit_code,
        corrected_command=_corrected(case, finding.mended),
    )


def _found(scene: Scene) -> tuple[Finding, Said | None]:
    if crashed := crash.crashed(scene):
        return crashed, None
    unknown = Finding(code=FailureCode.UNKNOWN, summary=f"ffmpeg exited with code {scene.case.exit_code}")
    return first(RULES, scene) or (unknown, None)


def _telling(scene: Scene, line: Said) -> Iterator[str]:
    """The line that told, and those around it that are not mere consequences."""
    lines = [one for one in scene.lines if one is line or not (one.text == "" or _FOLLOWS.match(one.text))]
    place = next(number for number, one in enumerate(lines) if one is line)
    start = max(0, min(place - 2, len(lines) - DETAIL_LINES))
    return (one.whole for one in lines[start : start + DETAIL_LINES])


def _corrected(case: Case, mended: tuple[Word, ...] | None) -> str | None:
    command = case.job.ffmpeg_commands[case.index] if case.index < len(case.job.ffmpeg_commands) else ""
    if mended is None or len(command) > LONG:
        return None
    return rewritten(command, mended, inputs=list(case.job.input_files), outputs=case.job.output_files)
