"""All advice on the commands of a job."""

from collections.abc import Callable, Iterator, Sequence

from ffmill.checking import encoding, seeking, sizes
from ffmill.checking.finding import Remark
from ffmill.checking.written import Command, complex_filters, name
from ffmill.jobs import options

MOST_OUTPUTS = 50  # of a command; with more, all filters of it would be read too often
RULES: Sequence[Callable[[Command], Iterator[Remark]]] = (
    encoding.copy_suffices,
    encoding.no_faststart,
    encoding.crf_and_bitrate,
    encoding.rare_pixels,
    encoding.no_palette,
    seeking.slow_seek,
    sizes.odd_size,
)


def advise(argvs: Sequence[Sequence[str] | None], kept: Sequence[str]) -> Iterator[tuple[int, Remark]]:
    """What the commands that can be read could do better, each with the command's index; `kept` are the outputs."""
    commands = list(_commands(argvs, kept))
    for command in commands:
        for rule in RULES:
            for remark in rule(command):
                yield command.index, remark
    yield from encoding.decoded_again(commands)


def _commands(argvs: Sequence[Sequence[str] | None], kept: Sequence[str]) -> Iterator[Command]:
    lines = {index: options.read(argv) for index, argv in enumerate(argvs) if argv is not None}
    read = frozenset(name(file.path) for line in lines.values() for file in line.inputs)
    for index, argv in enumerate(argvs):
        if argv is not None and not lines[index].answers and len(lines[index].outputs) <= MOST_OUTPUTS:
            yield Command(
                index=index,
                argv=argv,
                line=lines[index],
                kept=frozenset(kept),
                read=read,
                complex_filters=complex_filters(lines[index]),
            )
