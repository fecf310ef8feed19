"""Advice on where a command begins to read."""

from collections.abc import Iterator, Sequence

from ffmill.checking.finding import Advice, Remark
from ffmill.checking.written import Command, outputs, suffix
from ffmill.jobs import graphs
from ffmill.jobs.duration import seconds
from ffmill.jobs.mending import Word
from ffmill.jobs.options import set_of

_LONG_SECONDS = 10.0  # of media decoded for nothing; less is not worth a word
_NO_MEDIA = set_of("png jpg jpeg gif webp bmp srt vtt ass txt")
_TIMELESS = set_of(  # filters that do not care for the time of a frame
    "scale crop pad format fps setsar setdar transpose hflip vflip eq unsharp hqdn3d yadif bwdif null anull volume"
)


def slow_seek(command: Command) -> Iterator[Remark]:
    """All before the beginning is decoded, and thrown away."""
    line = command.line
    if len(line.inputs) != 1 or len(line.outputs) != 1:
        return
    (read,), (written,) = line.inputs, line.outputs
    start = seconds(written.last("ss") or "") or 0.0
    (output,) = outputs(command)
    plain = suffix(read.path) not in _NO_MEDIA and read.last("f", "ss", "sseof", "itsoffset") is None
    used = {name for graph in line.graphs for name, _ in graphs.filters(graph)}
    decoded = output.encoder != "copy" and written.last("copyts") is None
    if start >= _LONG_SECONDS and plain and decoded and used <= _TIMELESS:
        yield Remark(
            code=Advice.SLOW_SEEK,
            message=f"-ss {written.last('ss')} stands after the input, so all that comes before is read and decoded",
            hint="write -ss before -i" + (", and -to too" if written.last("to") else ""),
            words=_moved(command),
        )


def _moved(command: Command) -> Sequence[Word]:
    """-ss and -to before -i, where they mean the same times of the input."""
    (read,), (written,) = command.line.inputs, command.line.outputs
    draft = command.draft()
    for option in written.options:
        if option.name in ("ss", "to"):
            draft.move(option.at, 2, before=read.at - 1)
    return draft.words
